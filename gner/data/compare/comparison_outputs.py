"""The sentences that two annotations disagree about, as a table and as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from gner.bio import to_tags
from gner.data.check.findings import shorten
from gner.data.compare.annotated import Annotated
from gner.data.compare.disagreement import Disagreement
from gner.data.compare.ranking import Differing
from gner.files import as_line, replacing
from gner.records import Entity

NUM_SHOWN = 20
"""Sentences in the table."""
_NUM_DISAGREEMENTS = 5


def table_of(differing: Iterable[Differing]) -> Table:
    """A table of disagreements, by sentences.

    Example:
        >>> a, b = (Annotated(("Ada", "slept"), found, "a:1") for found in ((), (Entity(0, 1, "person", 0.9),)))
        >>> sentence = Differing(a, b, [Disagreement("only_b", None, b.entities[0])], [3])
        >>> [str(cell) for column in table_of([sentence]).columns for cell in column.cells]
        ['a:1: Ada slept', '–', 'Ada (person)', '0.900', '3']
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading, share in (("sentence", 4), ("A", 3), ("B", 3)):
        table.add_column(heading, ratio=share, overflow="fold")
    for heading in ("score", "A elsewhere"):
        table.add_column(heading, justify="right")
    for sentence in differing:
        place = f"{sentence.a.place}: {shorten(sentence.a.words)}"
        for one, elsewhere in list(zip(sentence.disagreements, sentence.elsewhere, strict=True))[:_NUM_DISAGREEMENTS]:
            table.add_row(Text(place), *_cells(sentence.a, one), f"{elsewhere:,}" if elsewhere else "")
            place = ""
        more = len(sentence.disagreements) - _NUM_DISAGREEMENTS
        if more > 0:
            table.add_row("", f"and {more:,} more")
        table.add_section()
    return table


def _cells(sentence: Annotated, one: Disagreement) -> list[Text]:
    entities = [Text(_describe(sentence, entity)) for entity in (one.a, one.b)]
    return [*entities, Text("" if one.score is None else f"{one.score:.3f}")]


def _describe(sentence: Annotated, entity: Entity | None) -> str:
    return "–" if entity is None else f"{sentence.text_of(entity)} ({entity.type})"


def write_lines(path: Path, differing: Iterable[Differing]) -> None:
    """Write one JSON object for each sentence.

    Each has ``score`` (the highest of an entity of B that A does not have), ``words``, for ``a`` and ``b`` their
    ``place`` and ``tags``, and the ``disagreements``: ``kind``, the entities of ``a`` and ``b`` (null without one), and
    how often A contradicts itself as ``a_elsewhere``.
    """
    with replacing(path) as file:
        for sentence in differing:
            file.write(as_line(_as_dict(sentence)) + "\n")


def _as_dict(sentence: Differing) -> dict[str, Any]:
    found = zip(sentence.disagreements, sentence.elsewhere, strict=True)
    listed = [{**_values(sentence.a, one), "a_elsewhere": elsewhere} for one, elsewhere in found]
    sides = {"a": _side(sentence.a), "b": _side(sentence.b)}
    return {"score": sentence.score, "words": sentence.a.words, **sides, "disagreements": listed}


def _side(sentence: Annotated) -> dict[str, Any]:
    return {"place": sentence.place, "tags": to_tags(sentence.entities, len(sentence.words))}


def _values(sentence: Annotated, one: Disagreement) -> dict[str, Any]:
    return {"kind": one.kind, "a": _entity(sentence, one.a), "b": _entity(sentence, one.b)}


def _entity(sentence: Annotated, entity: Entity | None) -> dict[str, Any] | None:
    if entity is None:
        return None
    span: dict[str, Any] = {"start": entity.start, "end": entity.end, "text": sentence.text_of(entity)}
    return {**span, "type": entity.type, "score": entity.score}
