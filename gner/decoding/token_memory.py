"""What follows tokens: in a sentence, and in what a model wrote before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

_MOST_KEPT = 300_000


Followers = dict[tuple[int, ...], int]
"""For one or two tokens, what follows them."""


class TokenMemory:
    """Remembers which tokens followed one or two others in answers.

    Example:
        >>> memory = TokenMemory()
        >>> memory.learn([5, 6, 7, 8])
        >>> memory.follow([1, 6], sentence={}, limit=9)
        [7, 8]
        >>> memory.follow([5, 6], sentence={(6,): 3, (6, 3): 4}, limit=9)  # in the sentence, something else follows
        [7, 8]
    """

    def __init__(self) -> None:
        self._followers: dict[tuple[int, ...], Counter[int]] = {}

    def learn(self, tokens: Sequence[int]) -> None:
        """Keep an answer."""
        if len(self._followers) > _MOST_KEPT:
            self._followers.clear()
        for before, token in _followed(tokens):
            self._followers.setdefault(before, Counter())[token] += 1

    def follow(self, tokens: Sequence[int], sentence: Followers, limit: int) -> list[int]:
        """What is expected after some tokens; ends where nothing is.

        Args:
            tokens: What was written.
            sentence: See `followers`.
            limit: Most tokens.
        """
        written = list(tokens[-2:])
        size = len(written)
        while len(written) < size + limit:
            token = self._next(tuple(written[-2:]), sentence)
            if token is None:
                break
            written.append(token)
        return written[size:]

    def _next(self, before: tuple[int, ...], sentence: Followers) -> int | None:
        for last in (before, before[1:]):
            token = sentence.get(last)
            if token is None and last in self._followers:
                [(token, _)] = self._followers[last].most_common(1)
            if token is not None:
                return token
        return None


def followers(sentence: Sequence[int]) -> Followers:
    """For each one or two tokens of a sentence what first followed them.

    Example:
        >>> followers([5, 6, 5])
        {(5,): 6, (6,): 5, (5, 6): 5}
    """
    found: Followers = {}
    for before, token in _followed(sentence):
        found.setdefault(before, token)
    return found


def _followed(tokens: Sequence[int]) -> Iterable[tuple[tuple[int, ...], int]]:
    for at in range(1, len(tokens)):
        yield (tokens[at - 1],), tokens[at]
        if at > 1:
            yield (tokens[at - 2], tokens[at - 1]), tokens[at]
