"""A page that shows gold against predicted entities, for a person who reads through the errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from gner.bio import to_entities
from gner.scoring.partial import gold_error
from gner.scoring.results import EntityScores
from gner.types import Entity, Example, Prediction

MAX_SENTENCES = 20_000
"""More would make a page that browsers open slowly; the page says how many it leaves out."""


class ErrorPage:
    """Collects sentences and writes them as one HTML file that needs nothing else.

    Attributes:
        num_left_out: Sentences beyond `MAX_SENTENCES`.
    """

    def __init__(self) -> None:
        self._sentences: list[dict[str, Any]] = []
        self.num_left_out = 0

    def add(self, example: Example, prediction: Prediction, text: str) -> None:
        """Add a sentence."""
        if len(self._sentences) == MAX_SENTENCES:
            self.num_left_out += 1
            return
        gold, predicted = to_entities(example.tags), list(prediction.entities)
        report = prediction.report
        self._sentences.append(
            {
                "dataset": example.dataset,
                "id": example.id,
                "place": example.source,
                "words": example.words,
                "gold": [[e.start, e.end, e.type, gold_error(e, predicted)] for e in gold],
                "predicted": [[e.start, e.end, e.type, predicted_error(e, gold)] for e in predicted],
                "text": text,
                "report": {name: getattr(report, name) for name in report.__slots__ if getattr(report, name)},
            }
        )

    def write(self, path: Path, scores: EntityScores, aligner: str) -> None:
        """Write the page."""
        datasets = {
            name: {"f1": group.strict.f1, "f1_gner": group.official.f1, "sentences": group.num_sentences}
            for name, group in scores.datasets.items()
        }
        data = {
            "aligner": aligner,
            "datasets": datasets,
            "leftOut": self.num_left_out,
            "sentences": self._sentences,
        }
        page = (resources.files("gner.scoring") / "page.html").read_text(encoding="utf-8")
        # "<" is escaped so that no text in the data can end the script element
        encoded = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        path.write_text(page.replace("__DATA__", encoded, 1), encoding="utf-8")


def predicted_error(entity: Entity, gold: Sequence[Entity]) -> str | None:
    """The error class of a predicted entity, or None if it is right.

    ``spurious`` where nothing is, otherwise what `gner.scoring.partial.gold_error` names from the other side:
    ``boundary`` or ``noisy``.

    Example:
        >>> predicted_error(Entity(0, 1, "city"), [Entity(1, 2, "city")])
        'spurious'
    """
    error = gold_error(entity, gold)
    return "spurious" if error == "unlabeled" else error
