"""Formats scores as tables for the terminal and as plain values for JSON."""

from __future__ import annotations

from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from gner.scoring.bootstrap import Interval, Intervals
from gner.scoring.counts import Score
from gner.scoring.results import EntityScores, GroupScores


class F1Intervals(NamedTuple):
    """Confidence intervals of the strict and the official F1."""

    strict: Intervals
    official: Intervals


def dataset_tables(scores: EntityScores, intervals: F1Intervals | None) -> list[Table]:
    """One table of scores per dataset with unweighted means, and one of alignment counts."""
    table = _table("dataset", "score", "P", "R", "F1", *(["95 %"] if intervals else []), "support")

    def add(name: str, strict: Score, official: Score, of: list[Interval]) -> None:
        """Add a line for each score."""
        cells = [["strict", *_figures(strict)], ["official", *_figures(official)]]
        for line, interval in zip(cells, of, strict=False):
            line.insert(-1, f"{interval.low:.4f} – {interval.high:.4f}")
        table.add_row(Text(name), *cells[0])
        table.add_row("", *cells[1])

    for name, group in scores.datasets.items():
        add(name, group.strict, group.official, [each.datasets[name] for each in intervals or ()])
    table.add_section()
    average = [each.average for each in intervals or ()]
    add("average", scores.average("strict"), scores.average("official"), average)
    written = _table("per 1,000 words", "omissions", "additions", "substitutions")
    for name, group in scores.datasets.items():
        rates = group.per_thousand_words()
        kinds = ("omissions", "additions", "substitutions")
        written.add_row(Text(name), *(f"{rates[kind]:.2f}" for kind in kinds))
    return [table, written]


def type_table(name: str, group: GroupScores) -> Table:
    """One line per entity type of a dataset, most frequent first."""
    table = _table("type", "P", "R", "F1", "support")
    table.title, table.title_justify = Text(name), "left"
    for entity_type, score in sorted(group.types.items(), key=lambda item: -item[1].support):
        table.add_row(Text(entity_type), *_figures(score))
    return table


def _table(first: str, *headings: str) -> Table:
    """A table that folds its first column, so that a narrow terminal still shows all figures."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold", min_width=12)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "score" else "right", no_wrap=True)
    return table


def _figures(score: Score) -> list[str]:
    return [f"{score.precision:.4f}", f"{score.recall:.4f}", f"{score.f1:.4f}", f"{score.support:,}"]


def as_values(scores: EntityScores, intervals: F1Intervals | None) -> dict[str, Any]:
    """All scores for JSON: ``datasets.<name>.f1``, ``average.f1_gner``, and so on."""
    datasets = {name: _group_values(group) for name, group in scores.datasets.items()}
    average = _score_values(scores.average("strict"), "") | _score_values(scores.average("official"), "_gner")
    for key, each in zip(("f1_interval", "f1_gner_interval"), intervals or (), strict=False):
        average[key] = list(each.average)
        for name, interval in each.datasets.items():
            datasets[name][key] = list(interval)
    return {"datasets": datasets, "average": average, "all": _group_values(scores.overall)}


def _group_values(group: GroupScores) -> dict[str, Any]:
    values: dict[str, Any] = {**group.scalars()}
    values |= {"support": group.strict.support, "support_gner": group.official.support}
    values |= {"sentences": group.num_sentences, "words": group.num_words, "runaways": group.num_runaways}
    values["types"] = {name: score._asdict() for name, score in group.types.items()}
    return values


def _score_values(score: Score, suffix: str) -> dict[str, Any]:
    return {f"{name}{suffix}": value for name, value in score._asdict().items()}
