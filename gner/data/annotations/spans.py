"""What readers make of files, before types are settled and examples are made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from gner.data.annotations.read_report import ReadReport
from gner.words import Splitter, Word

Cut = Literal["always", "long", "never"]
Misaligned = Literal["expand", "drop", "error"]
Trust = Literal["text", "both", "offsets"]


class Span(NamedTuple):
    """Characters ``start`` (inclusive) to ``end`` (exclusive) of a text are an entity of a type.

    Attributes:
        text: What the file says stands there, or None where it does not say.
        place: Where the span is written, if that is not where its text is.
        trust: What is believed where ``text`` does not stand at the offsets: ``text`` puts the span where its text
            stands, and leaves it out if that is nowhere; with ``both`` it then stays; with ``offsets`` it stays at
            once, as where the text is a normal form (NYC for New York).
    """

    start: int
    end: int
    type: str
    text: str | None = None
    place: str = ""
    trust: Trust = "text"


@dataclass(frozen=True)
class Text:
    """A text with character spans, which may overlap.

    Attributes:
        text: The text.
        spans: Its spans, in file order.
        place: ``file:line`` for messages; for a text that is a file of its own, the file.
        types: Types that were asked for in this text; None where that is the same for all texts.
        words: The words, where the file has some, in order; None for the source's splitter to find.
        ends: One behind the last word of each sentence, where the file says so.
        cut: Whether the text becomes several examples: at each end of a sentence, only if it is long, or never.
        is_file: The text is a file, so that lines of it have numbers.
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
        """Where a character of the text stands, for messages."""
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
        place: ``file:line``; the file alone where ``lines`` are given.
        lines: Line of each word, where each has its own.
        types: Types that were asked for in this sentence; None where that is the same for all.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    place: str
    lines: tuple[int, ...] = ()
    types: tuple[str, ...] | None = None

    def place_of(self, position: int) -> str:
        """Where a word stands, for messages."""
        return f"{self.place}:{self.lines[position]}" if self.lines else f"{self.place}, word {position + 1}"

    @property
    def start(self) -> str:
        """Where the sentence starts, for messages."""
        return f"{self.place}:{self.lines[0]}" if self.lines else self.place


class Sentence(NamedTuple):
    """A sentence in IOB2, W words and W tags; the other fields are those of `Tagged`."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    place: str
    types: tuple[str, ...] | None = None


class Record(NamedTuple):
    """A JSON object, or a row of a table, and where it stands."""

    value: Any
    place: str


@dataclass(frozen=True)
class Options:
    """What readers need to know of a source.

    Attributes:
        split_words: Cuts texts into words; None for the default of the format.
        cut: Whether texts become several examples; None for the default of the format.
        misaligned: What becomes of a span that starts or ends within a word.
        columns: Name of the field that holds what a reader looks for, for fields with other names than usual.
        tag_names: Names of tags that are written as numbers.
        rename: What a type is called here; None for one that is dropped.
        report: Takes what is worth telling.
    """

    split_words: Splitter | None = None
    cut: bool | None = None
    misaligned: Misaligned = "expand"
    columns: dict[str, str] = field(default_factory=dict)
    tag_names: tuple[str, ...] = ()
    rename: Callable[[str], str | None] = lambda entity_type: entity_type
    report: ReadReport = field(default_factory=ReadReport)
