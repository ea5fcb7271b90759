"""A page that shows gold against predicted entities, for a person who reads through the errors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from gner.bio import to_entities
from gner.records import Entity, Example, Prediction
from gner.scoring.partial import gold_error
from gner.scoring.results import EntityScores, GroupScores
from gner.web_page import MAX_ITEMS, write_page


class ErrorPage:
    """Collects sentences and writes them as one HTML file that needs nothing else.

    Where there are more than `gner.web_page.MAX_ITEMS`, data sets share the room, and sentences with errors come first;
    the page says how many it leaves out.
    """

    def __init__(self) -> None:
        self._sentences: dict[str, tuple[list[_Sentence], list[_Sentence]]] = {}  # with and without errors
        self._num_sentences = 0

    def add(self, example: Example, prediction: Prediction, text: str) -> None:
        """Add a sentence."""
        gold, predicted = to_entities(example.tags), list(prediction.entities)
        report = prediction.report
        sentence = {
            "dataset": example.dataset,
            "id": example.id,
            "place": example.source,
            "words": example.words,
            "gold": [[e.start, e.end, e.type, gold_error(e, predicted)] for e in gold],
            "predicted": [[e.start, e.end, e.type, predicted_error(e, gold)] for e in predicted],
            "text": text,
            "report": {name: getattr(report, name) for name in report.__slots__ if getattr(report, name)},
        }
        with_errors, without = self._sentences.setdefault(example.dataset, ([], []))
        group = with_errors if set(gold) ^ set(predicted) else without
        if len(group) < MAX_ITEMS:
            group.append((self._num_sentences, sentence))
        self._num_sentences += 1

    def write(self, path: Path, scores: EntityScores, aligner: str) -> None:
        """Write the page."""
        datasets = {name: _page_scores(group) for name, group in scores.datasets.items()}
        shown = self._shown()
        data = {
            "aligner": aligner,
            "datasets": datasets,
            "leftOut": self._num_sentences - len(shown),
            "sentences": shown,
        }
        write_page(path, "gner.scoring/error_page.html", data)

    def _shown(self) -> list[dict[str, Any]]:
        by_turns = zip_longest(*(with_errors + without for with_errors, without in self._sentences.values()))
        chosen = [sentence for turn in by_turns for sentence in turn if sentence is not None][:MAX_ITEMS]
        return [sentence for _, sentence in sorted(chosen, key=lambda sentence: sentence[0])]


def _page_scores(group: GroupScores) -> dict[str, float | None]:
    official = None if group.scorer is None else group.official.f1
    return {"f1": group.strict.f1, "f1_official": official, "sentences": group.num_sentences}


_Sentence = tuple[int, dict[str, Any]]
"""When it was added, and what the page's script reads."""


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
