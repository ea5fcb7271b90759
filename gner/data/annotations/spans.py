"""Records that readers return: texts with spans, tagged sentences, and reading options."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

from gner.bio import to_entities
from gner.data.annotations.read_report import ReadReport
from gner.records import Entity
from gner.words import Splitter, Word

Cut = Literal["always", "long", "never"]
Misaligned = Literal["expand", "drop", "error"]
Trust = Literal["text", "both", "offsets"]


class Span(NamedTuple):
    """Characters ``start`` (inclusive) to ``end`` (exclusive) of a text are an entity of a type.

    Attributes:
        text: The text at the offsets according to the file; None if the file does not say.
        place: Where the span is defined, if that is not the place of its text.
        trust: Which to trust if the text at the offsets differs from ``text``. ``text`` moves the span to where its
            text occurs, or leaves it out if that is nowhere; ``both`` moves it too, but keeps it at its offsets if that
            is nowhere; ``offsets`` never moves it, as ``text`` may be a normal form (NYC for New York).
        score: How sure a model was; None if the file does not say.
    """

    start: int
    end: int
    type: str
    text: str | None = None
    place: str = ""
    trust: Trust = "text"
    score: float | None = None


@dataclass(frozen=True)
class Text:
    """A text with character spans, which may overlap.

    Attributes:
        text: The text.
        spans: Its spans, in file order.
        place: ``file:line`` for messages; the file alone if ``is_file``.
        types: Types that were annotated in this text; None if they are the same for all texts.
        words: The file's own words, in order; None to let the source's splitter find them.
        ends: The file's own sentence ends, as exclusive word indices.
        cut: Whether to split the text into sentences: always, only if it is long, or never.
        is_file: The text is a whole file, so its lines have numbers.
    """

    text: str
    spans: Sequence[Span]
    place: str
    types: tuple[str, ...] | None = None
    words: Sequence[Word] | None = None
    ends: Sequence[int] | None = None
    cut: Cut = "long"
    is_file: bool = False

    def place_of(self, start: int) -> str:
        """Where a character of the text is, for messages.

        Example:
            >>> text = "Ada\\nslept"
            >>> Text(text, [], "a.txt", is_file=True).place_of(4), Text(text, [], "a.jsonl:7").place_of(4)
            ('a.txt:2', 'a.jsonl:7')
        """
        return f"{self.place}:{bisect_right(self._line_starts, start)}" if self.is_file else self.place

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(position for position, sign in enumerate(self.text, start=1) if sign == "\n")]


@dataclass(frozen=True)
class Tagged:
    """A sentence in words and tags of any scheme.

    Attributes:
        words: W words.
        tags: W tags.
        place: ``file:line``; the file alone if ``lines`` are given.
        lines: Line number of each word, if each has a line of its own.
        types: Types that were annotated in this sentence; None if they are the same for all.
        scores: For each word the score of the entity that it is in, None for a word without one; empty if the file has
            no scores.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    place: str
    lines: tuple[int, ...] = ()
    types: tuple[str, ...] | None = None
    scores: tuple[float | None, ...] = ()

    def place_of(self, position: int) -> str:
        """Where a word is, for messages.

        Example:
            >>> by_lines = Tagged(("Ada", "slept"), ("B-person", "O"), "a.conll", lines=(7, 8))
            >>> by_lines.place_of(1), Tagged(("Ada", "slept"), ("B-person", "O"), "a.jsonl:3").place_of(1)
            ('a.conll:8', 'a.jsonl:3, word 2')
        """
        return f"{self.place}:{self.lines[position]}" if self.lines else f"{self.place}, word {position + 1}"

    @property
    def start(self) -> str:
        """Where the sentence starts, for messages."""
        return f"{self.place}:{self.lines[0]}" if self.lines else self.place


class Sentence(NamedTuple):
    """A sentence of W words with W IOB2 tags; the other fields are as in `Tagged`.

    Attributes:
        document: Place of the text that it is from; empty for a sentence that no text holds.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    place: str
    types: tuple[str, ...] | None = None
    document: str = ""
    scores: tuple[float | None, ...] = ()

    def entities(self) -> list[Entity]:
        """Its entities, with scores where the file has them.

        Example:
            >>> Sentence(("Ada", "slept"), ("B-person", "O"), "a.jsonl:1", scores=(0.9, None)).entities()
            [Entity(start=0, end=1, type='person', score=0.9)]
        """
        found = to_entities(self.tags)
        return [replace(one, score=self.scores[one.start]) for one in found] if self.scores else found


class Record(NamedTuple):
    """A JSON value or a row of a table, and where it is from."""

    value: Any
    place: str


@dataclass(frozen=True)
class Options:
    """Options of a source that its reader needs.

    Attributes:
        split_words: Splits texts into words; None for the format's default.
        cut: Whether to split texts into sentences; None for the format's default.
        misaligned: What to do with spans that start or end within a word.
        columns: Fields with unusual names, by what they hold.
        tag_names: Names of tags that are written as numbers.
        rename: Returns the new name of a type, or None to drop it.
        report: Collects what is changed or left out.

    Example:
        >>> options = Options(rename={"PER": "person", "MISC": None}.get)
        >>> options.rename("PER"), options.rename("MISC")
        ('person', None)
    """

    split_words: Splitter | None = None
    cut: bool | None = None
    misaligned: Misaligned = "expand"
    columns: dict[str, str] = field(default_factory=dict)
    tag_names: tuple[str, ...] = ()
    rename: Callable[[str], str | None] = lambda entity_type: entity_type
    report: ReadReport = field(default_factory=ReadReport)
