"""What happened to the annotations of a source on their way to words and tags."""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

Kind = Literal[
    "widened",
    "misaligned",
    "overlapping",
    "discontinuous",
    "duplicate",
    "moved",
    "unmatched",
    "recounted",
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
]

MEANING: dict[Kind, str] = {
    "widened": "Spans that start or end within a word, widened to whole words",
    "misaligned": "Spans that start or end within a word, left out",
    "overlapping": "Spans that overlap a longer one, or one that is as long and earlier, left out",
    "discontinuous": "Spans with gaps, which now reach from their first to their last word",
    "duplicate": "Spans of the same words and type as another, left out",
    "moved": "Spans that do not stand where the file says, put where their text stands nearest",
    "unmatched": "Spans whose text is not what the file says, left where the file puts them",
    "recounted": "Texts whose spans count characters otherwise (UTF-16, or line ends), counted anew",
    "unplaceable": "Annotated strings that do not stand in their text, left out",
    "empty": "Spans that cover no word, left out",
    "no_type": "Entities of no type (`NA` or empty), left out",
    "no_words": "Texts without words, left out",
    "dropped_type": "Entities of types that `types` maps to null, left out",
    "unknown_type": "Entities of types that the source does not declare; the types were added",
    "not_entity": "Annotations of another kind, such as event triggers, left out",
    "unused": "Spans in fields or groups that are not read, as another one has spans",
    "replaced": "Texts with characters that are none (lone surrogates), replaced by U+FFFD",
    "unannotated": "Texts that are not annotated, or were rejected, left out",
    "second_annotation": "Texts annotated more than once; the first annotation is used, or the one marked as true",
}


class Note(NamedTuple):
    """One thing that happened, where, and to what."""

    kind: Kind
    place: str
    what: str


class ReadReport:
    """Collects what happened while a source was read.

    Attributes:
        notes: All that happened, in the order of reading.
    """

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def add(self, kind: Kind, place: str, what: str) -> None:
        """Note something."""
        self.notes.append(Note(kind, place, what))

    def counts(self) -> Counter[Kind]:
        """How often each kind of thing happened."""
        return Counter(note.kind for note in self.notes)

    def of(self, kind: Kind) -> list[Note]:
        """All notes of a kind."""
        return [note for note in self.notes if note.kind == kind]

    def lines(self) -> list[str]:
        """One sentence for each kind of thing, with the first place.

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
        return [
            f"{meaning}: {counts[kind]:,}; the first: {firsts[kind].place}: {firsts[kind].what}"
            for kind, meaning in MEANING.items()
            if kind in firsts
        ]
