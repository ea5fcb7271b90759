"""Texts with the character offsets of their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gner.errors import UserError
from gner.sentences import sentence_ends
from gner.words import Splitter, Word


@dataclass(frozen=True)
class WordedText:
    """A text and its words with their offsets.

    Attributes:
        text: The text.
        words: Its words, in order.
        given: The words that the text was made of, if any, including blank ones, which are not in ``words``.
    """

    text: str
    words: Sequence[Word]
    given: Sequence[str] | None = None

    @staticmethod
    def split(text: str, split: Splitter) -> WordedText:
        """Split a text into words; words of whitespace only are dropped.

        Raises:
            UserError: It is not a string, or the splitter's words do not match the text.

        Example:
            >>> text = WordedText.split("Ada met", lambda text: [Word("Ada", 0, 3), Word(" ", 3, 4), Word("met", 4, 7)])
            >>> [word.text for word in text.words]
            ['Ada', 'met']
            >>> WordedText.split("Ada met", lambda text: [Word("Bob", 0, 3)])  # doctest: +ELLIPSIS
            Traceback (most recent call last):
                ...
            gner.errors.UserError: Expected words of the text in order, but the word splitter returned Word(...
        """
        if not isinstance(text, str):
            raise UserError(f"Expected a text, got {text!r}. Give a string or a list of strings.")
        words = list(split(text))
        end = 0
        for word in words:
            if text[word.start : word.end] != word.text or not word.text or word.start < end:
                raise UserError(
                    f"Expected words of the text in order, but the word splitter returned {word} where the text has "
                    f"{text[word.start : word.end]!r} and the previous word ends at {end}."
                )
            end = word.end
        return WordedText(text, [word for word in words if not word.text.isspace()])

    @staticmethod
    def join(words: Sequence[str]) -> WordedText:
        """Join given words with single spaces. Words of whitespace only are kept in the text.

        Raises:
            UserError: One of them is not a string.

        Example:
            >>> text = WordedText.join(["Ada", " ", "slept"])
            >>> text.text, [word.text for word in text.words], text.given
            ('Ada   slept', ['Ada', 'slept'], ['Ada', ' ', 'slept'])
        """
        placed: list[Word] = []
        start = 0
        for word in words:
            if not isinstance(word, str):
                raise UserError(f"Expected words as text, got {word!r}.")
            if word.strip():
                placed.append(Word(word, start, start + len(word)))
            start += len(word) + 1
        return WordedText(" ".join(words), placed, words)

    def sentence_ends(self) -> list[int]:
        """The exclusive end of each sentence, in words.

        Example:
            >>> WordedText.join(["Ada", "slept", ".", "Bob", "ate", "."]).sentence_ends()
            [3, 6]
        """
        return sentence_ends(self.text, self.words)
