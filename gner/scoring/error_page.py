"""HTML page of gold against predicted entities, for error analysis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from gner.bio import to_entities
from gner.records import Entity, Example, Prediction
from gner.scoring.partial import gold_error
from gner.scoring.results import EntityScores, GroupScores
from gner.web_page import MAX_ITEMS, write_page


class ErrorPage:
    """Collects sentences and writes them as one self-contained HTML file.

    Of more than `gner.web_page.MAX_ITEMS` sentences, those with errors come first, taken from the datasets in turn;
    the page says how many it leaves out.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from gner.records import AlignmentReport
        >>> from gner.scoring import Tally, entity_scores
        >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
        >>> prediction = Prediction(("O", "O"), (), AlignmentReport())
        >>> page = ErrorPage()
        >>> page.add(example, prediction, "Ada(O) slept(O)")
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "errors.html")
        ...     page.write(path, entity_scores({"toy": Tally.of(example, prediction)}), "robust")
        ...     '["Ada","slept"]' in path.read_text(encoding="utf-8")
        True
    """

    def __init__(self) -> None:
        self._sentences: dict[str, tuple[list[_Sentence], list[_Sentence]]] = {}  # with and without errors
        self._num_sentences = 0

    def add(self, example: Example, prediction: Prediction, text: str) -> None:
        """Add a sentence."""
        gold, predicted = to_entities(example.tags), list(prediction.entities)
        report = prediction.report
        sentence: dict[str, Any] = {
            "dataset": example.dataset,
            "id": example.id,
            "place": example.source,
            "words": example.words,
        }
        sentence["gold"] = [_as_row(entity, gold_error(entity, predicted)) for entity in gold]
        sentence["predicted"] = [_as_row(entity, predicted_error(entity, gold)) for entity in predicted]
        sentence["text"] = text
        sentence["report"] = {name: getattr(report, name) for name in report.__slots__ if getattr(report, name)}
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
            "all": _page_scores(scores.overall),
            "datasets": datasets,
            "leftOut": self._num_sentences - len(shown),
            "sentences": shown,
        }
        write_page(path, "gner.scoring/error_page.html", data)

    def _shown(self) -> list[dict[str, Any]]:
        of_datasets = [with_errors + without for with_errors, without in self._sentences.values()]
        by_turns = chain.from_iterable(zip_longest(*of_datasets))
        chosen = [sentence for sentence in by_turns if sentence is not None][:MAX_ITEMS]
        return [sentence for _, sentence in sorted(chosen, key=lambda sentence: sentence[0])]


def _page_scores(group: GroupScores) -> dict[str, Any]:
    published = next(iter(group.official.values()), None)
    official = None if published is None else published.f1
    types = {name: score._asdict() for name, score in group.types.items()}
    return {"f1": group.strict.f1, "f1_official": official, "sentences": group.num_sentences, "types": types}


_Sentence = tuple[int, dict[str, Any]]
"""Its number, and the fields that the page's script reads."""


def _as_row(entity: Entity, error: str | None) -> list[Any]:
    return [entity.start, entity.end, entity.type, error]


def predicted_error(entity: Entity, gold: Sequence[Entity]) -> str | None:
    """The error class of a predicted entity, or None if it is right.

    ``spurious`` if no gold entity overlaps it, otherwise ``boundary`` or ``noisy`` as in
    `gner.scoring.partial.gold_error`, with gold and predicted entities swapped.

    Example:
        >>> predicted_error(Entity(0, 1, "city"), [Entity(1, 2, "city")])
        'spurious'
    """
    error = gold_error(entity, gold)
    return "spurious" if error == "unlabeled" else error
