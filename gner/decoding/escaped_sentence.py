"""The source words as a format that lists strings writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence


class EscapedSentence:
    """The words of a sentence as they are written in a list.

    Args:
        words: W source words.
        escape: How a string is written, character by character.

    Example:
        >>> sentence = EscapedSentence(("say", '"Hi"', "there"), lambda string: string.replace('"', "'"))
        >>> sentence.string(1, 3)
        "'Hi' there"
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

    def string(self, start: int, end: int) -> str:
        """The words of a half-open range."""
        return self._text[self._starts[start] : self._end(end)]

    def _end(self, word: int) -> int:
        """Where the words before one end."""
        return self._starts[word - 1] + len(self._words[word - 1])

    def place(self, string: str, position: int) -> tuple[int, int] | None:
        """The words that a string is, at its first place from a position on, or else at its first place.

        Example:
            >>> EscapedSentence(("the", "cat", "the", "cat"), str).place("the cat", position=1)
            (2, 4)
        """
        places = [(start, end) for start, end, rest in self.at_start_of(string) if not rest]
        return next((place for place in places if place[0] >= position), places[0] if places else None)

    def starting_with(self, string: str) -> Iterator[tuple[int, int]]:
        """Words with which text begins that starts with a string, each with the least end of such an entity.

        Example:
            >>> list(EscapedSentence(("New", "York", "or", "Newark"), str).starting_with("New"))
            [(0, 1), (3, 4)]
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
            >>> list(EscapedSentence(("New", "York"), str).at_start_of('New York",'))
            [(0, 1, ' York",'), (0, 2, '",')]
        """
        for start, offset in enumerate(self._starts):
            end = start + 1
            while end <= len(self._words) and string.startswith(self._text[offset : self._end(end)]):
                yield start, end, string[self._end(end) - offset :]
                end += 1
