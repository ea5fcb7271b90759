"""How often drafted words were what a model wrote. See docs/decisions/draft_lengths.md."""

from __future__ import annotations

from bisect import bisect_right

_BOUNDS = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98)
_PRIOR, _WEIGHT = 0.95, 10.0
_MOST_SEEN = 2_000.0
"""Words of a kind after which older ones count half."""

RECALLED, SHOWN, FIRST_GUESSED = 0, 1, 2
"""Kinds of guesses: the tag of the same sentence before, one that the model wanted, or a tagger's by how sure it is."""


def guessed(probability: float) -> int:
    """The kind of a guess of which a tagger is so sure.

    Example:
        >>> guessed(0.1) < guessed(0.7) < guessed(0.97)
        True
    """
    return FIRST_GUESSED + bisect_right(_BOUNDS, probability)


class DraftTrust:
    """Learns how often drafted words are what a model writes.

    Example:
        >>> trust = DraftTrust()
        >>> before = trust.chance(SHOWN)
        >>> trust.see(SHOWN, is_right=False)
        >>> trust.chance(SHOWN) < before == trust.chance(RECALLED)
        True
    """

    def __init__(self) -> None:
        num_kinds = FIRST_GUESSED + len(_BOUNDS) + 1
        self._right = [_PRIOR * _WEIGHT] * num_kinds
        self._seen = [_WEIGHT] * num_kinds

    def chance(self, kind: int) -> float:
        """How likely a word of this kind is right."""
        return self._right[kind] / self._seen[kind]

    def see(self, kind: int, *, is_right: bool) -> None:
        """Take whether a word was what the model wrote."""
        self._right[kind] += is_right
        self._seen[kind] += 1
        if self._seen[kind] > _MOST_SEEN:
            self._right[kind] /= 2
            self._seen[kind] /= 2
