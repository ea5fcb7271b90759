"""Annotations of the same sentences, to be compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gner.bio import to_tags
from gner.data.compare.annotated import Annotated
from gner.records import Entity


def annotated(text: str, *entities: Entity, place: str = "a.jsonl:1") -> Annotated:
    """A sentence of words that spaces separate."""
    return Annotated(tuple(text.split()), entities, place)


def write_gold(path: Path, sentences: Sequence[Annotated]) -> Path:
    """Write words and tags."""
    rows = [{"words": one.words, "tags": to_tags(one.entities, len(one.words))} for one in sentences]
    return _write(path, rows)


def write_predictions(path: Path, sentences: Sequence[Annotated], **more: Any) -> Path:
    """Write what a model found as a run does; all gold tags are O."""
    rows = []
    for one in sentences:
        entities = [
            {"start": each.start, "end": each.end, "type": each.type, "score": each.score} for each in one.entities
        ]
        instance = {"id": "0", "words": one.words, "labels": ["O"] * len(one.words)}
        row = {"dataset": "toy", "split": "test", "label_list": ["person", "city"], "instance": instance}
        rows.append({**row, "prediction": "", "entities": entities, **more})
    return _write(path, rows)


def write_answers(path: Path, sentences: Sequence[Annotated]) -> Path:
    """Write what a model found as `gner.predict` does for texts."""
    rows = []
    for one in sentences:
        starts = [len(" ".join(one.words[:position])) + bool(position) for position in range(len(one.words))]
        entities = []
        for each in one.entities:
            start, text = starts[each.start], one.text_of(each)
            span = {"start": start, "end": start + len(text), "text": text, "label": each.type, "score": each.score}
            entities.append(span)
        rows.append({"text": " ".join(one.words), "entities": entities})
    return _write(path, rows)


def _write(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
