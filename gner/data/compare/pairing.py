"""Finds the sentences that two annotations share."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from gner.data.compare.annotated import Annotated


class Pairs(NamedTuple):
    """Sentences with the same words in both annotations, and those that only one has."""

    both: list[tuple[Annotated, Annotated]]
    only_a: list[Annotated]
    only_b: list[Annotated]


def pair_sentences(sentences_a: Sequence[Annotated], sentences_b: Sequence[Annotated]) -> Pairs:
    """Pair sentences by their words; of repeated ones the first with the first, the second with the second.

    Example:
        >>> a, b = ([Annotated(tuple(words.split()), (), "") for words in side] for side in (["x y", "x"], ["x", "x"]))
        >>> pairs = pair_sentences(a, b)
        >>> len(pairs.both), pairs.only_a[0].words, pairs.only_b[0].words
        (1, ('x', 'y'), ('x',))
    """
    waiting: dict[tuple[str, ...], deque[int]] = {}
    for position, sentence in enumerate(sentences_b):
        waiting.setdefault(sentence.words, deque()).append(position)
    both: list[tuple[Annotated, Annotated]] = []
    only_a: list[Annotated] = []
    for sentence in sentences_a:
        positions = waiting.get(sentence.words)
        if positions:
            both.append((sentence, sentences_b[positions.popleft()]))
        else:
            only_a.append(sentence)
    left = set().union(*waiting.values())
    return Pairs(both, only_a, [one for position, one in enumerate(sentences_b) if position in left])
