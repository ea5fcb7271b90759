"""Texts with their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gner.errors import UserError
from gner.sentences import sentence_ends
from gner.words import Splitter, Word


@dataclass(frozen=True)
class WordedText:
    """A text and where its words stand.

    Attributes:
        text: The text.
        words: Its words, in order.
        given: Where words were given, those, blank ones among them, which are not in ``words``.
    """

    text: str
    words: Sequence[Word]
    given: Sequence[str] | None = None

    @staticmethod
    def split(text: str, split: Splitter) -> WordedText:
        """Cut a text into words; a word of nothing but white space is none.

        Raises:
            UserError: It is no text, or the splitter's words are not those of the text.
        """
        if not isinstance(text, str):
            raise UserError(f"Expected a text, got {text!r}. Texts come one by one or as a list of them.")
        words = list(split(text))
        end = 0
        for word in words:
            if text[word.start : word.end] != word.text or not word.text or word.start < end:
                raise UserError(
                    f"Expected words of the text in order, but the word splitter gave {word} where the text has "
                    f"{text[word.start : word.end]!r} and the word before ends at {end}."
                )
            end = word.end
        return WordedText(text, [word for word in words if not word.text.isspace()])

    @staticmethod
    def join(words: Sequence[str]) -> WordedText:
        """A text of words that are given; one space is between them. Words of white space only stay in the text.

        Raises:
            UserError: One of them is no text.
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
        """One behind the last word of each sentence."""
        return sentence_ends(self.text, self.words)
