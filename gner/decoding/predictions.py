"""Files of predictions, in the layout that the released GNER scorer reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from torch import distributed

from gner.files import replacing
from gner.types import Example, Generation, Prediction

_SCORE_DIGITS = 5
"""Of scores in files; what follows depends on how a batch was padded."""


class Decoded(NamedTuple):
    """One decoded example; ``position`` is its place in the split."""

    position: int
    example: Example
    generation: Generation
    prediction: Prediction


def gather(decoded: list[Decoded]) -> list[Decoded]:
    """What all processes decoded, in the order of the split; every process must call this."""
    parts = [decoded]
    if distributed.is_available() and distributed.is_initialized():
        parts = [[] for _ in range(distributed.get_world_size())]
        distributed.all_gather_object(parts, decoded)
    return sorted((row for part in parts for row in part), key=lambda row: row.position)


def write_jsonl(path: Path, split: str, decoded: Iterable[Decoded]) -> None:
    """Write one JSON object a line, replacing the file at once.

    Each has ``dataset``, ``split``, ``label_list``, ``instance`` (``id``, ``words``, and gold tags as ``labels``), the
    text as ``prediction``, whether it came to its end as ``finished``, the tags that were scored as ``tags``, and the
    entities that these spell, in words and with scores, as ``entities``.
    """
    with replacing(path) as file:
        for row in decoded:
            file.write(json.dumps(_as_dict(row, split), ensure_ascii=False) + "\n")


def _as_dict(row: Decoded, split: str) -> dict[str, Any]:
    example = row.example
    return {
        "dataset": example.dataset,
        "split": split,
        "label_list": example.types,
        "instance": {"id": example.id, "words": example.words, "labels": example.tags},
        "prediction": row.generation.text,
        "finished": row.generation.finished,
        "tags": row.prediction.tags,
        "entities": [
            asdict(entity) | {"score": None if entity.score is None else round(entity.score, _SCORE_DIGITS)}
            for entity in row.prediction.entities
        ],
    }
