"""HTML page of the sentences that two annotations disagree about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gner.data.compare.disagreement import Kind
from gner.data.compare.ranking import Differing
from gner.data.compare.summary import Summary
from gner.files import without_nan
from gner.records import Entity
from gner.web_page import MAX_ITEMS, write_page


def write_comparison_page(path: Path, names: tuple[str, str], differing: Sequence[Differing], summary: Summary) -> None:
    """Write one self-contained HTML file; of more than `gner.web_page.MAX_ITEMS` sentences, the most harmful.

    Args:
        path: The file.
        names: What A and B are called.
        differing: The sentences, the most harmful first.
        summary: Of all sentences.
    """
    shown = [_as_row(sentence) for sentence in differing[:MAX_ITEMS]]
    data = {"names": names, "summary": summary.as_values(), "leftOut": len(differing) - len(shown), "sentences": shown}
    write_page(path, "gner.data.compare/comparison_page.html", without_nan(data))


def _as_row(sentence: Differing) -> dict[str, Any]:
    """The fields that the page's script reads."""
    kinds_a: dict[Entity | None, Kind] = {one.a: one.kind for one in sentence.disagreements}
    kinds_b: dict[Entity | None, Kind] = {one.b: one.kind for one in sentence.disagreements}
    a = [_entity(entity, kinds_a) for entity in sentence.a.entities]
    b = [_entity(entity, kinds_b) for entity in sentence.b.entities]
    places = [sentence.a.place, sentence.b.place]
    return {"places": places, "words": sentence.a.words, "elsewhere": sum(sentence.elsewhere), "A": a, "B": b}


def _entity(entity: Entity, kinds: dict[Entity | None, Kind]) -> list[Any]:
    return [entity.start, entity.end, entity.type, kinds.get(entity), entity.score]
