"""Runs side by side: metrics, what differs in their configs, types, significance, and sentences that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from gner.scoring.compare_files import compare, comparison_tables, comparison_values, read_systems
from gner.scoring.prediction_file import Row, read_rows
from gner.scoring.stored import StoredAnswers
from gner.scoring.systems import Differences, System
from gner.studies.finished_run import FinishedRun

_ABSENT = "–"
_MAIN = ("loss", "f1", "precision", "recall")


class RunComparison(NamedTuple):
    """Runs on the same sentences; the first is the one that others are compared with.

    Attributes:
        runs: Two or more.
        systems: What each found, in the same order.
        differences: Of each run but the first from the first, by name.
    """

    runs: Sequence[FinishedRun]
    systems: Sequence[System]
    differences: Mapping[str, Differences]


def compare_runs(runs: Sequence[FinishedRun], num_samples: int, seed: int) -> RunComparison:
    """Read predictions and compare them as they were scored in the runs.

    Raises:
        UserError: Runs have predictions for other sentences.
    """
    files, names = [run.predictions for run in runs], [run.name for run in runs]
    systems = read_systems(files, _rows, StoredAnswers, names)
    return RunComparison(runs, systems, compare(systems, num_samples, seed))


def _rows(path: Path) -> list[Row]:
    with path.open("rb") as lines:
        return list(read_rows(lines, str(path)))


def config_differences(runs: Sequence[FinishedRun]) -> dict[str, list[Any]]:
    """The values of each run, for keys in which runs differ; a key that a run lacks is None.

    Example:
        >>> runs = [FinishedRun(str(rate), Path(), "test", {}, {"lr": rate, "seed": 0}) for rate in (1, 2)]
        >>> config_differences(runs)
        {'lr': [1, 2]}
    """
    keys = dict.fromkeys(chain.from_iterable(run.config for run in runs))
    values = {key: [run.config.get(key) for run in runs] for key in keys}
    return {key: found for key, found in values.items() if any(value != found[0] for value in found)}


def type_scores(compared: RunComparison) -> dict[str, list[float | None]]:
    """Strict F1 of each type in each run; None where a run has nothing of it."""
    by_run = [system.scores.overall.types for system in compared.systems]
    types = dict.fromkeys(chain.from_iterable(by_run))
    return {name: [of_run[name].f1 if name in of_run else None for of_run in by_run] for name in types}


def main_metrics(runs: Sequence[FinishedRun]) -> dict[str, list[float | None]]:
    """Loss, F1, precision and recall of each run over all datasets, in all the ways that they are counted."""
    names = dict.fromkeys(chain.from_iterable(run.metrics for run in runs))
    several = len({name.rpartition("/")[0] for name in names}) > 2  # two datasets beside what has no name of one
    kept = [name for name in names if name.startswith(_MAIN) and "/" not in name]
    shown = [name for name in kept if several or not name.endswith("_macro")]
    return {name: [run.metrics.get(name) for run in runs] for name in shown}


def as_values(compared: RunComparison) -> dict[str, Any]:
    """All of it as plain values."""
    names = [run.name for run in compared.runs]

    def by_name(rows: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, Any]]:
        """Rows with the names of the runs."""
        return {key: dict(zip(names, values, strict=True)) for key, values in rows.items()}

    about = {run.name: {"folder": str(run.folder), "result": run.result} for run in compared.runs}
    rows = {
        "metrics": main_metrics(compared.runs),
        "config": config_differences(compared.runs),
        "types": type_scores(compared),
    }
    named = {part: by_name(values) for part, values in rows.items()}
    return {"runs": about, **named, **comparison_values(compared.systems, compared.differences)}


def run_tables(compared: RunComparison) -> list[Table]:
    """Tables for the terminal, from the metrics to the sentences that are right."""
    names = [run.name for run in compared.runs]
    scored = {name: list(map(_shown, values)) for name, values in main_metrics(compared.runs).items()}
    typed = {name: list(map(_shown, values)) for name, values in type_scores(compared).items()}
    configs = {key: list(map(str, values)) for key, values in config_differences(compared.runs).items()}
    own = [_table("metrics", names, scored), _table("configs", names, configs), _table("F1 of types", names, typed)]
    return [*own, *comparison_tables(compared.systems, compared.differences)]


def _shown(value: float | None) -> str:
    return _ABSENT if value is None else f"{value:.4f}"


def _table(title: str, names: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=Text(title), title_justify="left")
    table.add_column("", overflow="fold")
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for key, values in rows.items():
        table.add_row(Text(key), *map(Text, values))
    return table
