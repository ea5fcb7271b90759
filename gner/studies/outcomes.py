"""What the runs of a study wrote: metrics, and for each sentence how many entities were right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gner.bio import to_entities
from gner.errors import UserError
from gner.records import Counts, Entity
from gner.scoring.prediction_file import read_rows, scored_entities
from gner.studies.cells import Evaluation, Labels, Training
from gner.studies.running import is_evaluated, read_state, result_name
from gner.studies.study_file import Study

SentenceKey = tuple[str, str, tuple[str, ...]]
"""Dataset, id and words."""
ALL = "all"
"""In place of a dataset: what was counted over all."""


class Outcome(NamedTuple):
    """One cell with one seed.

    Attributes:
        labels: Of the cell.
        seed: Of the training.
        metrics: By dataset, or `ALL`, and name.
        num_sentences: Of each dataset.
        run_dir: Of the training.
        predictions: The file.
        settings: That the evaluation set on top of its training.
    """

    labels: Labels
    seed: int
    metrics: Mapping[tuple[str, str], float]
    num_sentences: Mapping[str, int]
    run_dir: Path
    predictions: Path
    settings: Mapping[str, Any]

    def counts(self) -> dict[SentenceKey, Counts]:
        """Of each sentence, from the prediction file: strict, as ``f1`` is."""
        return dict(_counts(self.predictions))


def read_outcomes(study: Study, trainings: Iterable[Training]) -> list[Outcome]:
    """All that is done so far.

    Raises:
        UserError: A training was run with other settings.
    """
    found = []
    for training in trainings:
        state = read_state(training)
        done = [evaluation for evaluation in training.evaluations if is_evaluated(state, evaluation, study)]
        found += [_outcome(training, evaluation, study) for evaluation in done]
    return found


def _outcome(training: Training, evaluation: Evaluation, study: Study) -> Outcome:
    name = result_name(evaluation, study)
    path = training.run_dir / "metrics.json"
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if name not in content:
        raise UserError(f"{path}: expected the evaluation {name}. Remove {training.folder} to run it again.")
    result: dict[str, Any] = content[name]
    metrics = {_split_name(metric): value for metric, value in result["metrics"].items() if value is not None}
    predictions = training.run_dir / "predictions" / f"{name}.jsonl"
    examples = result["counted"]["examples"]
    return Outcome(
        evaluation.labels, training.seed, metrics, examples, training.run_dir, predictions, evaluation.settings
    )


def _split_name(metric: str) -> tuple[str, str]:
    """Dataset and name of a metric.

    Example:
        >>> _split_name("test/f1"), _split_name("test/news/sports/f1_gner")
        (('all', 'f1'), ('news/sports', 'f1_gner'))
    """
    dataset, _, name = metric.partition("/")[2].rpartition("/")
    return dataset or ALL, name


def _counts(file: Path) -> Iterable[tuple[SentenceKey, Counts]]:
    with file.open("rb") as lines:
        for row in read_rows(lines, str(file)):
            example = row.example
            gold, found = map(_without_scores, (to_entities(example.tags), scored_entities(row)))
            yield (example.dataset, example.id, example.words), Counts.of_sets(gold, found)


def _without_scores(entities: Iterable[Entity]) -> set[tuple[int, int, str]]:
    return {(entity.start, entity.end, entity.type) for entity in entities}
