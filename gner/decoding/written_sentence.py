"""A sentence as its strings are written in the answers of formats that list them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gner.alignment.strings import next_place
from gner.records import Entity


class WrittenSentence:
    """The words of a sentence as they are written in a list.

    Args:
        words: W words.
        escape: See `ListItem`.

    Example:
        >>> sentence = WrittenSentence(["New", "York", "New"], str.upper)
        >>> sentence.string(Entity(0, 2, "city")), list(sentence.starting_with("NEW "))
        ('NEW YORK', [(0, 2)])
    """

    def __init__(self, words: Sequence[str], escape: Callable[[str], str]) -> None:
        self._words = [escape(word) for word in words]
        space = escape(" ")
        self._text = space.join(self._words)
        self._starts: list[int] = []
        start = 0
        for word in self._words:
            self._starts.append(start)
            start += len(word) + len(space)

    def string(self, entity: Entity) -> str:
        """The words of an entity.

        Example:
            >>> WrittenSentence(["New", "York", "!"], str.lower).string(Entity(0, 2, "city"))
            'new york'
        """
        return self._text[self._starts[entity.start] : self._end(entity.end)]

    def _end(self, word: int) -> int:
        """Where the words before one end."""
        return self._starts[word - 1] + len(self._words[word - 1])

    def place(self, string: str, position: int) -> tuple[int, int] | None:
        """The words that a string is, at its first place after a position, or else at its first place.

        Example:
            >>> sentence = WrittenSentence(["Ada", "met", "Ada"], str)
            >>> sentence.place("Ada", 1), sentence.place("Ada", 3), sentence.place("Eve", 0)
            ((2, 3), (0, 1), None)
        """
        return next_place([(start, end) for start, end, rest in self.at_start_of(string) if not rest], position)

    def starting_with(self, string: str) -> Iterator[tuple[int, int]]:
        """Words with which text begins that starts with a string, each with the least end of that string.

        Example:
            >>> list(WrittenSentence(["Ada", "met", "Adam"], str).starting_with("Ad"))
            [(0, 1), (2, 3)]
        """
        for start, offset in enumerate(self._starts):
            if self._text.startswith(string, offset):
                least = start + 1
                while self._end(least) - offset < len(string):
                    least += 1
                yield start, least

    def at_start_of(self, string: str) -> Iterator[tuple[int, int, str]]:
        """Spans that a string starts with, each with the rest of the string.

        Example:
            >>> list(WrittenSentence(["New", "York"], str).at_start_of("New York, "))
            [(0, 1, ' York, '), (0, 2, ', ')]
        """
        for start, offset in enumerate(self._starts):
            end = start + 1
            while end <= len(self._words) and string.startswith(self._text[offset : self._end(end)]):
                yield start, end, string[self._end(end) - offset :]
                end += 1
