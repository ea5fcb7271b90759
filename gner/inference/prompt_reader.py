"""Reads the sentence and the types in a prompt, for engines that see token ids only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gner.bio import OUTSIDE
from gner.records import Example

_WORDS, _TYPES = ("gnerWORDgner", "gnerENDgner"), ("gnerTYPEgner", "gnerKINDgner")


class PromptReader:
    """Reads prompts of a format whose frame around types and words is always the same, but for descriptions of types.

    What is read serves to draft answers: it costs or saves time, and decides nothing.

    Args:
        write: Gives the prompt of an example, as text.
        dataset: Name of the dataset that prompts mention, for formats that do.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> format = GnerFormat(None)
        >>> reader = PromptReader(lambda example: format.queries(example)[0].prompt, "toy")
        >>> frame = "Use the specific entity tags: city, song and O.\\n{}Sentence: Ada saw Rome"
        >>> example = reader.read(frame.format("song: a title\\n"))
        >>> example.types, example.words
        (('city', 'song'), ('Ada', 'saw', 'Rome'))
        >>> print(reader.read("Where is Rome?"))
        None
    """

    def __init__(self, write: Callable[[Example], str], dataset: str) -> None:
        self._dataset = dataset
        frame = write(self._example(_WORDS, _TYPES))
        self._head, _, rest = frame.partition(_TYPES[0])
        self._comma, _, rest = rest.partition(_TYPES[1])
        middle, _, rest = rest.partition(_WORDS[0])
        self._space, _, self._tail = rest.partition(_WORDS[1])
        self.can_read = bool(self._comma and middle and self._space)
        self._after_types, *lines = middle.split("\n")  # descriptions are lines in between
        self._before_words = f"\n{lines[-1]}" if lines else middle

    def _example(self, words: Sequence[str], types: Sequence[str]) -> Example:
        return Example(tuple(words), (OUTSIDE,) * len(words), tuple(types), self._dataset, "0")

    def read(self, prompt: str) -> Example | None:
        """The example that a prompt asks about, without tags; None if the prompt has another frame."""
        is_framed = prompt.startswith(self._head) and prompt.endswith(self._tail)
        if not self.can_read or not is_framed:
            return None
        types, found, rest = prompt[len(self._head) : len(prompt) - len(self._tail)].partition(self._after_types)
        _, is_there, words = f"{found}{rest}".rpartition(self._before_words)
        if not found or not is_there or not words:
            return None
        return self._example(words.split(self._space), types.split(self._comma))
