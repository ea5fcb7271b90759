"""Sentences of the contracts as examples."""

from __future__ import annotations

from collections.abc import Sequence

from gner.records import Example


def as_examples(sentences: Sequence[Sequence[str]]) -> list[Example]:
    """Examples with persons and places, from sentences that hold a word and its tag in each string.

    Example:
        >>> [example] = as_examples([["New B-place", "York I-place"]])
        >>> example.words, example.tags, example.source
        (('New', 'York'), ('B-place', 'I-place'), 'toy.txt:0')
    """
    examples = []
    for position, sentence in enumerate(sentences):
        words, tags = zip(*(pair.rsplit(" ", 1) for pair in sentence), strict=True)
        examples.append(Example(words, tags, ("person", "place"), "toy", str(position), f"toy.txt:{position}"))
    return examples
