"""Compares prediction files of several systems, as ``python -m gner.score --compare`` does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from gner.bio import to_entities
from gner.errors import UserError
from gner.files import replacing, without_nan
from gner.records import Entity
from gner.scoring.counts import Score
from gner.scoring.prediction_file import Row
from gner.scoring.rescore import Rescored
from gner.scoring.results import EntityScores
from gner.scoring.systems import (
    Answer,
    Difference,
    Differences,
    Sentence,
    System,
    check_same,
    differences,
    disagreements,
)
from gner.scoring.tally import Tally

NUM_SAMPLES = 1000
"""Resamplings if none are asked for."""


class Rescoring(Protocol):
    """What has predictions for rows, and then their scores.

    It is `gner.scoring.rescore.Rescorer`, or `gner.scoring.stored.StoredAnswers`.
    """

    def __call__(self, rows: Iterable[Row]) -> Iterator[Rescored]:
        """Each row with its prediction."""

    def scores(self) -> EntityScores:
        """Of all rows so far."""


def read_systems(
    files: Sequence[Path],
    read: Callable[[Path], Iterable[Row]],
    make_rescorer: Callable[[], Rescoring],
    names: Sequence[str] | None = None,
) -> list[System]:
    """The systems of some files.

    Args:
        files: Of predictions for the same sentences.
        read: Reads the rows of a file.
        make_rescorer: Makes what reads the texts of a file.
        names: Of the systems; by default those of the files, or their paths where several files have one name.

    Raises:
        UserError: There is only one file, a file has an id twice, or the files have other sentences.
    """
    if len(files) < 2 or len({file.resolve() for file in files}) < len(files):
        raise UserError(f"Expected two or more different files to compare, got {', '.join(map(str, files))}.")
    if names is None:
        file_names = [file.name for file in files]
        names = [file.name if file_names.count(file.name) == 1 else str(file) for file in files]
    systems: list[System] = []
    for file, name in zip(files, names, strict=True):
        systems.append(_read(name, read(file), make_rescorer()))
        check_same(systems[0], systems[-1])
    return systems


def _read(name: str, rows: Iterable[Row], rescore: Rescoring) -> System:
    answers: dict[Sentence, Answer] = {}
    num_seen: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    for rescored in rescore(rows):
        example = rescored.row.example
        counts = Tally.of(example, rescored.prediction, scorers=()).strict
        answer = Answer(example, rescored.prediction, counts, rescored.shown_text)
        sentence = (example.dataset, example.id, example.words)
        if example.id and num_seen[sentence]:
            raise UserError(
                f"{example.source}: expected each sentence once, but {answers[(*sentence, 0)].example.source} has the "
                "same dataset, id and words. Give each run a file of its own."
            )
        answers[(*sentence, num_seen[sentence])] = answer
        num_seen[sentence] += 1
    if not answers:
        raise UserError(f"{name}: expected predictions, one JSON object a line, found none.")
    return System(name, answers, rescore.scores())


def compare(systems: Sequence[System], num_samples: int, seed: int) -> dict[str, Differences]:
    """Each system but the first against the first, by its name."""
    first, *others = systems
    return {other.name: differences(first, other, num_samples, seed) for other in others}


def comparison_tables(systems: Sequence[System], compared: Mapping[str, Differences]) -> list[Table]:
    """A table for each dataset and, of several, one for their average; then one of sentences that are right.

    Args:
        systems: The first is the one that others are compared with.
        compared: What `compare` gave.
    """
    datasets = list(systems[0].scores.datasets)
    tables = []
    for name in datasets:
        scores = {system.name: system.scores.datasets[name].strict for system in systems}
        tables.append(_table(name, scores, {other: found.datasets[name] for other, found in compared.items()}))
    if len(datasets) > 1:
        scores = {system.name: system.scores.average() for system in systems}
        averages = {other: found.average for other, found in compared.items() if found.average is not None}
        tables.append(_table("average of all", scores, averages))
    return [*tables, _right_table(systems)]


def _table(title: str, scores: Mapping[str, Score], compared: Mapping[str, Difference]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=Text(title), title_justify="left")
    table.add_column("system", overflow="fold", min_width=12)
    for heading in ("F1", "difference", "95 %", "p"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, score in scores.items():
        table.add_row(Text(name), f"{score.f1:.4f}", *(_figures(compared[name]) if name in compared else ()))
    return table


def _figures(difference: Difference) -> list[str]:
    low, high = difference.interval
    return [f"{difference.f1:+.4f}", f"{low:+.4f} – {high:+.4f}", f"{difference.p:.3f}"]


def _right_table(systems: Sequence[System]) -> Table:
    first, *others = systems
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("sentences that are right", overflow="fold", min_width=12)
    for heading in ("in both", f"only in {first.name}", "only in this", "in neither"):
        table.add_column(Text(heading), justify="right", overflow="fold")
    for other in others:
        table.add_row(Text(other.name), *(f"{number:,}" for number in disagreements(first, other)))
    return table


def write_comparison(path: Path, values: Mapping[str, Any]) -> None:
    """Write what `comparison_values` gave, as JSON."""
    with replacing(path) as file:
        file.write(json.dumps(without_nan(values), indent=2, ensure_ascii=False) + "\n")


def comparison_values(systems: Sequence[System], compared: Mapping[str, Differences]) -> dict[str, Any]:
    """Scores, differences and the sentences in which systems found different entities, as plain values.

    Args:
        systems: The first is the one that others are compared with.
        compared: What `compare` gave.
    """
    first, *others = systems
    values: dict[str, Any] = {"systems": {system.name: _scores(system) for system in systems}}
    values["differences"] = {name: _differences(found) for name, found in compared.items()}
    values["right"] = {other.name: disagreements(first, other)._asdict() for other in others}
    values["disagreements"] = [_disagreement(key, systems) for key in first.answers if not _agree(key, systems)]
    return values


def _scores(system: System) -> dict[str, Any]:
    scores = system.scores
    datasets = {name: group.scalars() for name, group in scores.datasets.items()}
    return {"datasets": datasets, "average": scores.average()._asdict()}


def _differences(found: Differences) -> dict[str, Any]:
    datasets = {name: _as_dict(difference) for name, difference in found.datasets.items()}
    return {"datasets": datasets, "average": None if found.average is None else _as_dict(found.average)}


def _as_dict(difference: Difference) -> dict[str, Any]:
    return {"f1": difference.f1, "interval": list(difference.interval), "p": difference.p}


def _agree(key: Sentence, systems: Sequence[System]) -> bool:
    return len({frozenset(system.answers[key].found) for system in systems}) == 1


def _disagreement(key: Sentence, systems: Sequence[System]) -> dict[str, Any]:
    example = systems[0].answers[key].example
    answers = {system.name: system.answers[key] for system in systems}
    values: dict[str, Any] = {"dataset": example.dataset, "id": example.id, "words": example.words}
    values["gold"] = _as_values(to_entities(example.tags))
    values["found"] = {name: _as_values(answer.found) for name, answer in answers.items()}
    values["right"] = [name for name, answer in answers.items() if answer.is_right]
    values["texts"] = {name: answer.text for name, answer in answers.items()}
    return values


def _as_values(entities: Iterable[Entity]) -> list[dict[str, Any]]:
    ordered = sorted(entities, key=lambda entity: entity.start)
    return [{"start": entity.start, "end": entity.end, "type": entity.type} for entity in ordered]
