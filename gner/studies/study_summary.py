"""The rows of a study's table: for each cell, metrics over seeds and how it differs from the cell to compare with."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain, product
from typing import NamedTuple

import numpy as np

from gner.errors import UserError, did_you_mean
from gner.scoring.partial import GoldErrors
from gner.studies.cells import Labels, name_of
from gner.studies.outcomes import ALL, Outcome, SentenceKey
from gner.studies.significance import Comparison, CountsOfSeeds, compare_cells
from gner.studies.study_file import Study


class Column(NamedTuple):
    """A figure of each cell.

    Attributes:
        heading: Of the table.
        dataset: Its name, or `ALL`.
        metric: As in ``metrics.json``, without split and dataset.
    """

    heading: str
    dataset: str
    metric: str

    @property
    def is_share(self) -> bool:
        """Whether it is shown in percent."""
        return self.metric.startswith(("f1", "precision", "recall", *GoldErrors._fields))

    def show(self, value: float) -> str:
        """A value as tables have it: a loss with four decimals, others with one."""
        if self.metric == "loss":
            return f"{value:.4f}"
        return f"{100 * value if self.is_share else value:.1f}"


class Line(NamedTuple):
    """A cell over its seeds.

    Attributes:
        labels: Of the cell.
        values: Of each column, by seed.
        comparison: With the cell that others are compared with; None for that one, and where seeds are missing.
    """

    labels: Labels
    values: Mapping[Column, Mapping[int, float]]
    comparison: Comparison | None


class Summary(NamedTuple):
    """The table of a study.

    Attributes:
        columns: The first is the one of the figure.
        lines: In the order of the axes.
        num_sentences: Of each dataset.
        missing: Cells and seeds that have not ended.
        is_mixed: Whether cells of the same seed have different sentences.
        varies: Whether seeds have different sentences.
    """

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    num_sentences: Mapping[str, int]
    missing: tuple[str, ...]
    is_mixed: bool
    varies: bool


def summarize(study: Study, outcomes: Sequence[Outcome]) -> Summary:
    """Bring the outcomes of a study into the rows of a table.

    Raises:
        UserError: There is no metric of a name, or a prediction file is malformed.
    """
    by_cell: dict[Labels, dict[int, Outcome]] = {}
    for outcome in outcomes:
        by_cell.setdefault(outcome.labels, {})[outcome.seed] = outcome
    num_sentences = dict(chain.from_iterable(outcome.num_sentences.items() for outcome in outcomes))
    columns = _columns(study.options.metrics, sorted(num_sentences), outcomes)
    counts = {labels: {seed: one.counts() for seed, one in found.items()} for labels, found in by_cell.items()}
    lines, missing = [], []
    for labels in cells(study):
        found = by_cell.get(labels, {})
        missing += [f"{name_of(labels)}, seed={seed}" for seed in study.options.seeds if seed not in found]
        comparison = None
        if labels != study.base_labels:
            comparison = compare_cells(counts.get(study.base_labels, {}), counts.get(labels, {}))
        lines.append(Line(labels, {column: _values(column, found) for column in columns}, comparison))
    return Summary(columns, tuple(lines), num_sentences, tuple(missing), *_differ(counts.values()))


def _differ(cells: Iterable[CountsOfSeeds]) -> tuple[bool, bool]:
    """Whether cells of the same seed have different sentences, and whether seeds of the same cell have."""
    sets: dict[int, set[frozenset[SentenceKey]]] = {}
    varies = False
    for cell in cells:
        of_cell = {seed: frozenset(counts) for seed, counts in cell.items()}
        varies = varies or len(set(of_cell.values())) > 1
        for seed, sentences in of_cell.items():
            sets.setdefault(seed, set()).add(sentences)
    return any(len(of_seed) > 1 for of_seed in sets.values()), varies


def cells(study: Study) -> list[Labels]:
    """The labels of all cells, in the order of the axes."""
    axes = ([(axis.name, value.label) for value in axis.values] for axis in study.axes)
    return list(product(*axes))


def mean_and_deviation(values: Iterable[float]) -> tuple[float, float | None]:
    """Mean and standard deviation (of a sample, with n - 1); no deviation of a single value.

    Example:
        >>> mean_and_deviation([1.0, 2.0, 3.0]), mean_and_deviation([1.0])
        ((2.0, 1.0), (1.0, None))
    """
    found = np.array(list(values))
    return float(found.mean()), float(found.std(ddof=1)) if len(found) > 1 else None


def _columns(metrics: Sequence[str], datasets: Sequence[str], outcomes: Sequence[Outcome]) -> tuple[Column, ...]:
    """Of each metric the mean over datasets, if there are several, and of the first one also each dataset."""
    known = {name for dataset, name in chain.from_iterable(outcome.metrics for outcome in outcomes) if dataset == ALL}
    for metric in metrics if outcomes else ():
        if metric not in known:
            names = ", ".join(sorted(known))
            raise UserError(f"Expected `metrics` among {names}, got {metric}.{did_you_mean(metric, known)}")
    if len(datasets) < 2:
        known = set()  # the mean over one dataset is no column of its own
    first, *others = (_column(metric, known) for metric in metrics)
    has_mean = first.metric != metrics[0]
    return (first, *(Column(dataset, dataset, metrics[0]) for dataset in datasets if has_mean), *others)


def _column(metric: str, known: Container[str]) -> Column:
    mean = f"{metric}_macro"
    return Column(f"{metric}, mean", ALL, mean) if mean in known else Column(metric, ALL, metric)


def _values(column: Column, found: Mapping[int, Outcome]) -> dict[int, float]:
    key = (column.dataset, column.metric)
    return {seed: outcome.metrics[key] for seed, outcome in found.items() if key in outcome.metrics}
