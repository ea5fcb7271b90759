"""Which strings of a sentence an answer may list next, and where they are put.

A string may be listed if it can be written with the tokens that there are, if the format reads it back as it is, and if
there is a place for it among the words that are not taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gner.alignment import RobustAligner
from gner.alignment.strings import join_words, next_place, word_spans
from gner.prompting import AnswerGrammar, Format, ListItem
from gner.records import AlignmentReport, Example, Prediction

_CLEAN = AlignmentReport()


class Progress(NamedTuple):
    """What the entities that are listed leave of a sentence.

    Attributes:
        taken: The words of entities, a bit for each.
        position: Where the last entity ends.
    """

    taken: int = 0
    position: int = 0


class SentencePlaces:
    """Where strings are in a sentence, by the rule ``next place`` of `gner.alignment.place_strings`.

    Args:
        words: Of the sentence.

    Example:
        >>> places = SentencePlaces(("Ada", "met", "Ada"))
        >>> first = places.put("Ada", Progress())
        >>> first, places.put("Ada", places.put("Ada", first) or first)
        (Progress(taken=1, position=1), None)
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._text, self._words = join_words(words)
        self._places: dict[str, list[tuple[int, int]]] = {}

    def put(self, string: str, progress: Progress) -> Progress | None:
        """Put a string at its next free place; None if it has none."""
        if string not in self._places:
            self._places[string] = word_spans(self._text, self._words, string)
        free = [place for place in self._places[string] if not _bits(place) & progress.taken]
        place = next_place(free, progress.position)
        return None if place is None else Progress(progress.taken | _bits(place), place[1])


def _bits(place: tuple[int, int]) -> int:
    """The words of a place, a bit for each."""
    start, end = place
    return (1 << end) - (1 << start)


class ReadBack:
    """Whether a format reads strings back from an answer as they are in the sentence.

    That is asked of the format itself: where nothing is escaped, a string can look like two entities or like none. Most
    sentences need two answers to know it of all their strings: one that lists each word, and one whose only string is
    the whole sentence. Where these do not tell, each string is tried by itself.

    Args:
        format: What reads.
        example: The sentence.
        grammars: Of its queries.
        query: Which of them lists the strings.

    Example:
        >>> from gner.testing.tagged_pairs import as_examples
        >>> class Loose(Format):  # reads one name, up to the first semicolon
        ...     def queries(self, example):
        ...         return []
        ...     def read(self, example, texts, align):
        ...         from gner.alignment import place_strings
        ...         names = [(text.split(";")[0], "person") for text in texts[0].split(", ") if text]
        ...         return place_strings(example.words, names, "next place").prediction(len(example.words))
        >>> grammar = AnswerGrammar("", "", (ListItem("person", "", "", str),), ", ", "")
        >>> can_read = ReadBack(Loose(), as_examples([["Ada O", "; O"]])[0], [grammar], 0)
        >>> can_read(grammar.items[0], 0, 1), can_read(grammar.items[0], 1, 2)
        (True, False)
    """

    def __init__(self, format: Format, example: Example, grammars: Sequence[AnswerGrammar], query: int) -> None:
        self._format = format
        self._example = example
        self._grammar = grammars[query]
        self._texts = [grammar.empty for grammar in grammars]
        self._query = query
        befores = {other.before.rstrip()[-1:] for other in self._grammar.items}
        self._marks = {*self._grammar.separator.split(), *befores} - {""}
        self._align = RobustAligner()
        self._are_all_read: dict[ListItem, bool] = {}
        self._known: dict[tuple[ListItem, str], bool] = {}

    def __call__(self, item: ListItem, start: int, end: int) -> bool:
        """Whether it reads the string of the words from ``start`` to ``end`` (exclusive)."""
        if item not in self._are_all_read:
            self._are_all_read[item] = self._reads_all(item)
        if self._are_all_read[item]:
            return True
        string = " ".join(self._example.words[start:end])
        if (item, string) not in self._known:
            self._known[item, string] = self._reads(item, string)
        return self._known[item, string]

    def _reads_all(self, item: ListItem) -> bool:
        """Whether all strings are known to be read; a string that nothing closes must not look like the frame."""
        words, begin, inside = self._example.words, f"B-{item.type}", f"I-{item.type}"
        sentence = " ".join(words)
        if not item.after and any(mark in sentence for mark in self._marks):
            return False
        each = self._read(item, words)
        if each.report != _CLEAN or each.tags != (begin,) * len(words):
            return False
        whole = self._read(item, [sentence])
        return whole.report == _CLEAN and whole.tags == (begin, *[inside] * (len(words) - 1))

    def _reads(self, item: ListItem, string: str) -> bool:
        once, twice = self._read(item, [string]), self._read(item, [string, string])
        is_clean = once.report == _CLEAN and twice.report in (_CLEAN, AlignmentReport(unplaced=1))
        return is_clean and self._has_only(once, item, string) and self._has_only(twice, item, string)

    def _has_only(self, prediction: Prediction, item: ListItem, string: str) -> bool:
        words = self._example.words
        found = {(entity.type, " ".join(words[entity.start : entity.end])) for entity in prediction.entities}
        return found == {(item.type, string)}

    def _read(self, item: ListItem, strings: Sequence[str]) -> Prediction:
        texts = self._texts.copy()
        texts[self._query] = self._grammar.write([(item, string) for string in strings])
        return self._format.read(self._example, texts, self._align)


class StringWriter:
    """Strings of a sentence as one kind of item writes them.

    Args:
        item: How strings are written.
        words: Of the sentence.
        places: Of its strings.
        can_read: Whether the string of a span of words is read back.
        can_write: Whether a text can be written.

    Attributes:
        words: Each word as it is written; None where it cannot be.
        space: What is written between two words.
        after: What is written after a string.

    Example:
        >>> words = ("New", "York", "New")
        >>> item = ListItem("place", "'", "'", str.upper)
        >>> writer = StringWriter(item, words, SentencePlaces(words), lambda start, end: end != 2, lambda text: True)
        >>> writer.words[:2], writer.starts(Progress()), writer.first_end(1, 2, Progress())
        ([b'NEW', b'YORK'], [0, 1, 2], 3)
        >>> writer.starts(Progress(taken=4, position=3))
        [0]
    """

    def __init__(
        self,
        item: ListItem,
        words: Sequence[str],
        places: SentencePlaces,
        can_read: Callable[[int, int], bool],
        can_write: Callable[[str], bool],
    ) -> None:
        written = [item.escape(word) for word in words]
        self.words = [text.encode() if text and can_write(text) else None for text in written]
        self.space = item.escape(" ").encode()
        self.after = item.after.encode()
        self._strings = words
        self._places = places
        self._can_read = can_read
        self._starts: dict[Progress, list[int]] = {}
        self._ends: dict[tuple[int, int, Progress], int | None] = {}

    def starts(self, progress: Progress) -> list[int]:
        """The words that a string may start with."""
        if progress not in self._starts:
            words = range(len(self.words))
            self._starts[progress] = [word for word in words if self.first_end(word, word + 1, progress) is not None]
        return self._starts[progress]

    def can_start(self, progress: Progress) -> bool:
        """Whether there is a word that a string may start with."""
        return any(self.first_end(word, word + 1, progress) is not None for word in range(len(self.words)))

    def first_end(self, start: int, end: int, progress: Progress) -> int | None:
        """Where a string that goes to ``end`` or further may end at first (exclusive); None if nowhere."""
        key = (start, end, progress)
        if key not in self._ends:
            self._ends[key] = self._find_end(start, end, progress)
        return self._ends[key]

    def _find_end(self, start: int, end: int, progress: Progress) -> int | None:
        if not all(self._is_free(word, progress) for word in range(start, min(end, len(self.words)))):
            return None
        while end <= len(self.words) and self._is_free(end - 1, progress):
            if self.put(start, end, progress) is not None:
                return end
            end += 1
        return None

    def _is_free(self, word: int, progress: Progress) -> bool:
        return self.words[word] is not None and not progress.taken >> word & 1

    def put(self, start: int, end: int, progress: Progress) -> Progress | None:
        """What there is after the string of a span of words, wherever it is put; None if it may not be listed."""
        if not self._can_read(start, end):
            return None
        return self._places.put(" ".join(self._strings[start:end]), progress)

    def text(self, start: int, end: int, *, goes_on: bool = False) -> bytes:
        """Words as they are written; a string that goes on has a space first.

        Example:
            >>> writer = StringWriter(ListItem("", "", "", str), "abc", SentencePlaces("abc"), bool, bool)
            >>> writer.text(0, 2), writer.text(1, 3, goes_on=True), writer.text(3, 3, goes_on=True)
            (b'a b', b' b c', b'')
        """
        written = [word for word in self.words[start:end] if word is not None]
        return (self.space if goes_on and written else b"") + self.space.join(written)
