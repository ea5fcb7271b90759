"""Entities as the released GNER scorer compares them (after UniversalNER): normalised texts with a type."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from functools import lru_cache

from gner.bio import lenient_spans
from gner.records import Counts

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """Lower-case, and drop ASCII punctuation, articles and surplus whitespace.

    Example:
        >>> normalise("The  U.S. Open")
        'us open'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def official_pairs(words: Sequence[str], tags: Sequence[str]) -> list[tuple[str, str]]:
    """The distinct (normalised text, normalised type) pairs of a sentence; how often and where does not matter.

    Example:
        >>> official_pairs(["The", "Who", "and", "who"], ["B-band", "I-band", "O", "B-Band"])
        [('who', 'band')]
    """
    pairs = ((normalise(" ".join(words[span.start : span.end])), normalise(span.type)) for span in lenient_spans(tags))
    return list(dict.fromkeys(pairs))


def count_pairs(words: Sequence[str], gold: Sequence[str], predicted: Sequence[str]) -> Counts:
    """Counts of the pairs of gold tags and of predicted ones, W each.

    Example:
        >>> count_pairs(["Ada", "met", "Ada"], ["B-person", "O", "B-person"], ["O", "O", "B-person"])
        Counts(num_correct=1, num_predicted=1, num_gold=1)
    """
    return Counts.of_sets(set(official_pairs(words, gold)), set(official_pairs(words, predicted)))
