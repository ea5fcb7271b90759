"""Reports what changed or was left out when annotations were converted to words and tags."""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

Kind = Literal[
    "widened",
    "misaligned",
    "overlapping",
    "discontinuous",
    "divided",
    "duplicate",
    "moved",
    "unmatched",
    "recounted",
    "inclusive",
    "unplaceable",
    "empty",
    "no_type",
    "no_words",
    "dropped_type",
    "unknown_type",
    "not_entity",
    "unused",
    "replaced",
    "unannotated",
    "second_annotation",
    "blank",
    "no_word",
    "repaired",
    "shared",
    "decoded",
    "doubtful",
]

MEANING: dict[Kind, str] = {
    "widened": "Spans that start or end within a word, widened to whole words",
    "misaligned": "Spans that start or end within a word, left out",
    "overlapping": "Spans that overlap a longer one, or one that is as long and earlier, left out",
    "discontinuous": "Discontinuous spans, which now reach from their first to their last word",
    "divided": "Spans that reach into another sentence of the file, divided between them",
    "duplicate": "Spans of the same words and type as another, left out",
    "moved": "Spans whose offsets do not match their text, moved to the nearest match",
    "unmatched": "Spans whose text differs from what the file says, left at their offsets",
    "recounted": "Texts with offsets in UTF-16 units or with other line ends, converted",
    "inclusive": "Texts whose spans include the character at `end`, converted to exclusive ends",
    "unplaceable": "Annotated strings that do not occur in their text, left out",
    "empty": "Spans that cover no word, left out",
    "no_type": "Entities without a type (`NA` or empty), left out",
    "no_words": "Texts without words, left out",
    "dropped_type": "Entities of types that `types` maps to null, left out",
    "unknown_type": "Entities of types that the source does not declare; the types were added",
    "not_entity": "Annotations of another kind, such as event triggers, left out",
    "unused": "Spans in fields or groups that are not read, because another one has spans",
    "replaced": "Texts with lone surrogates, replaced by U+FFFD",
    "unannotated": "Texts that are not annotated, or were rejected, left out",
    "second_annotation": "Texts annotated more than once; the one marked as ground truth, or else the first, is used",
    "blank": "Words of whitespace with the tag O, left out",
    "no_word": "Rows of CoNLL-U for several words, which follow, or for none, left out",
    "repaired": "Tags that continue no entity of their type, read as its start",
    "shared": "Sentences that another part of the divided source has too, left out",
    "doubtful": "Sentences with an entity whose score is lower than `min_score`, left out",
    "decoded": "Files that are not UTF-8, read as cp1252",
}


class Note(NamedTuple):
    """One change: its kind, its place, and what was changed."""

    kind: Kind
    place: str
    what: str


class ReadReport:
    """Collects notes while a source is read.

    Attributes:
        notes: All notes, in reading order.

    Example:
        >>> report = ReadReport()
        >>> report.add("widened", "a.jsonl:3", "`Ann` (person) is part of `Anna`")
        >>> report.counts()["widened"], report.of("widened")[0].place, report.of("empty")
        (1, 'a.jsonl:3', [])
    """

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def add(self, kind: Kind, place: str, what: str) -> None:
        """Add a note."""
        self.notes.append(Note(kind, place, what))

    def counts(self) -> Counter[Kind]:
        """Number of notes of each kind."""
        return Counter(note.kind for note in self.notes)

    def of(self, kind: Kind) -> list[Note]:
        """All notes of a kind."""
        return [note for note in self.notes if note.kind == kind]

    def lines(self) -> list[str]:
        """One line for each kind, with its count and first place.

        Example:
            >>> report = ReadReport()
            >>> report.add("empty", "a.jsonl:3, characters 4-4", "person")
            >>> report.lines()
            ['Spans that cover no word, left out: 1; the first: a.jsonl:3, characters 4-4: person']
        """
        firsts: dict[Kind, Note] = {}
        for note in self.notes:
            firsts.setdefault(note.kind, note)
        counts = self.counts()
        lines: list[str] = []
        for kind, meaning in MEANING.items():
            if kind in firsts:
                first = firsts[kind]
                lines.append(f"{meaning}: {counts[kind]:,}; the first: {first.place}: {first.what}")
        return lines
