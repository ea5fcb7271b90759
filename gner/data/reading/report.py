"""What happened to the annotations of a source on their way to words and tags."""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

Kind = Literal[
    "widened",
    "misaligned",
    "overlapping",
    "discontinuous",
    "moved",
    "recounted",
    "unplaceable",
    "empty",
    "no_type",
    "no_words",
    "dropped_type",
    "unknown_type",
    "not_entity",
    "unannotated",
    "second_annotation",
]

MEANING: dict[Kind, str] = {
    "widened": "spans start or end within a word and were widened to whole words",
    "misaligned": "spans start or end within a word and were left out",
    "overlapping": "spans overlap one that is longer, or as long and earlier, and were left out",
    "discontinuous": "spans have gaps, and now reach from their first to their last word",
    "moved": "spans do not stand where the file says, and were put where their text stands nearest",
    "recounted": "texts have spans that count characters otherwise (UTF-16, or line ends), and were counted anew",
    "unplaceable": "annotated strings do not stand in their text and were left out",
    "empty": "spans cover no word and were left out",
    "no_type": "entities of no type (`NA` or empty) were left out",
    "no_words": "texts have no words",
    "dropped_type": "entities are of types that `types` maps to null",
    "unknown_type": "entities are of types that the source does not declare; the types were added",
    "not_entity": "annotations are of another kind, such as event triggers, and were left out",
    "unannotated": "texts are not annotated, or were rejected, and were left out",
    "second_annotation": "texts were annotated more than once; the first annotation is used, or the one marked as true",
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
            ['1 spans cover no word and were left out; the first: a.jsonl:3, characters 4-4: person']
        """
        firsts: dict[Kind, Note] = {}
        for note in self.notes:
            firsts.setdefault(note.kind, note)
        counts = self.counts()
        return [
            f"{counts[kind]:,} {meaning}; the first: {firsts[kind].place}: {firsts[kind].what}"
            for kind, meaning in MEANING.items()
            if kind in firsts
        ]
