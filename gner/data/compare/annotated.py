"""Reads one of two annotations: a source, or what a model found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from gner.data.reading.file_format import Sample
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.data.reading.splits import WHOLE
from gner.data.reading.type_mapping import TypeMapping
from gner.errors import UserError
from gner.files import GZIP, decompressed
from gner.records import Entity
from gner.scoring.prediction_file import Row, read_rows, stored_entities
from gner.scoring.rescore import Rescorer


class Annotated(NamedTuple):
    """A sentence as one of two annotations has it.

    Attributes:
        words: Its words.
        entities: Flat and in order, with scores where there are any.
        place: ``file:line``.
    """

    words: tuple[str, ...]
    entities: tuple[Entity, ...]
    place: str

    def text_of(self, entity: Entity) -> str:
        """The words of an entity.

        Example:
            >>> Annotated(("in", "New", "York"), (), "a.jsonl:1").text_of(Entity(1, 3, "city"))
            'New York'
        """
        return " ".join(self.words[entity.start : entity.end])


@dataclass(frozen=True)
class Annotation:
    """All sentences of one of two annotations.

    Attributes:
        path: Where they are from.
        sentences: In order.
        notes: How they were read, and what was changed or left out, for the terminal.
    """

    path: str
    sentences: list[Annotated]
    notes: list[str] = field(default_factory=list)


def read_annotation(source: Source) -> Annotation:
    """Read all splits of a source, or that which is set, or the predictions of a run.

    A source that is a single file is read whatever split is set, as it is beside another source that has splits.

    Raises:
        UserError: It cannot be read, or has no sentences.
    """
    path = Path(source.path)
    if not path.is_file():
        return _of_source(source)
    if source.format == "auto" and _holds_predictions(path):
        return _of_predictions(source)
    return _of_source(replace(source, split=None))


def _of_source(source: Source) -> Annotation:
    reader = SourceReader(source)
    parts = reader.chosen_parts()
    if len(parts) > 1:
        parts = [part for part in parts if part != WHOLE]
    sentences: list[Annotated] = []
    notes: list[str] = []
    for part in parts:
        for example, entities in reader.read_entities(part):
            sentences.append(Annotated(example.words, tuple(entities), example.source))
        notes += [f"{source.path} ({part}): {reader.detail(part)}", *reader.reports[part].lines()]
    return Annotation(source.path, sentences, notes)


def _holds_predictions(path: Path) -> bool:
    """Whether a file is as `gner.scoring.prediction_file` describes."""
    with path.open("rb") as file:
        if file.read(2) == GZIP:
            return False
    try:
        first = next(iter(Sample(path).records), None)
    except UserError:  # of a format that only starts as JSON does
        return False
    return isinstance(first, dict) and isinstance(first.get("instance"), dict) and "prediction" in first


def _of_predictions(source: Source) -> Annotation:
    rename = TypeMapping(source.types).rename
    sentences: list[Annotated] = []
    for row, found in _found(Path(source.path)):
        renamed = ((one, rename(one.type)) for one in found)
        entities = tuple(replace(one, type=name) for one, name in renamed if name is not None)
        sentences.append(Annotated(row.example.words, entities, row.example.source))
    return Annotation(source.path, sentences, [f"{source.path}: what a model found"])


def _found(path: Path) -> Iterator[tuple[Row, tuple[Entity, ...]]]:
    """The rows of a file with what was found, read from their texts if they do not tell it otherwise."""
    rescore = Rescorer()
    with path.open("rb") as raw, decompressed(raw, str(path)) as lines:
        for row in read_rows(lines, str(path)):
            found = stored_entities(row)
            if found is None:
                [rescored] = rescore([row])
                found = rescored.prediction.entities
            yield row, found
