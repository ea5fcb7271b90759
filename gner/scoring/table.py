"""Scores as tables for the terminal, and as plain values for files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from gner.scoring.bootstrap import Interval
from gner.scoring.counts import Score
from gner.scoring.results import EntityScores, GroupScores

Intervals = Mapping[str, Mapping[str, Interval]]
"""For ``f1`` and ``f1_gner``: the interval of each data set, and of ``average``."""
_WRITTEN = ("omissions", "additions", "substitutions")


def dataset_table(scores: EntityScores, intervals: Intervals) -> Table:
    """Two lines per data set, for the strict and the official score, and their unweighted means."""
    table = Table("data set", "score", box=SIMPLE_HEAD, show_footer=False)
    for heading in ("P", "R", "F1", *(["95 %"] if intervals else []), "support", *_WRITTEN):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, group in scores.datasets.items():
        rates = group.per_thousand_words()
        written = [f"{rates[kind]:.2f}" for kind in _WRITTEN]
        table.add_row(name, *_cells("strict", group.strict, intervals, name), *written)
        table.add_row("", *_cells("official", group.official, intervals, name))
    table.add_section()
    table.add_row("average", *_cells("strict", scores.average("strict"), intervals, "average"))
    table.add_row("", *_cells("official", scores.average("official"), intervals, "average"))
    table.caption = "Omissions, additions and substitutions are per 1,000 source words."
    return table


def _cells(label: str, score: Score, intervals: Intervals, name: str) -> list[str]:
    figures = [f"{value:.4f}" for value in (score.precision, score.recall, score.f1)]
    if intervals:
        low, high = intervals["f1" if label == "strict" else "f1_gner"][name]
        figures.append(f"{low:.4f} – {high:.4f}")
    return [label, *figures, f"{score.support:,}"]


def type_table(name: str, group: GroupScores) -> Table:
    """One line per entity type of a data set."""
    table = Table("type", title=name, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("P", "R", "F1", "support"):
        table.add_column(heading, justify="right")
    for entity_type, score in group.types.items():
        figures = (f"{value:.4f}" for value in (score.precision, score.recall, score.f1))
        table.add_row(entity_type, *figures, f"{score.support:,}")
    return table


def as_values(scores: EntityScores, intervals: Intervals) -> dict[str, Any]:
    """Everything as JSON: ``datasets.<name>.f1``, ``average.f1_gner``, and so on."""
    datasets = {name: _group_values(group) for name, group in scores.datasets.items()}
    average = _score_values(scores.average("strict"), "") | _score_values(scores.average("official"), "_gner")
    for key, of_groups in intervals.items():
        for name, interval in of_groups.items():
            owner = average if name == "average" else datasets[name]
            owner[f"{key}_interval"] = list(interval)
    return {"datasets": datasets, "average": average, "all": _group_values(scores.overall)}


def _group_values(group: GroupScores) -> dict[str, Any]:
    values = _score_values(group.strict, "") | _score_values(group.official, "_gner")
    values |= group.per_thousand_words()
    values |= {f"f1_{view}": score.f1 for view, score in group.views.items() if view != "strict"}
    values |= group.errors
    values["f1_macro_types"] = group.f1_macro_types
    values |= {"sentences": group.num_sentences, "words": group.num_words, "runaways": group.num_runaways}
    return {**values, "types": {name: score._asdict() for name, score in group.types.items()}}


def _score_values(score: Score, suffix: str) -> dict[str, Any]:
    return {f"{name}{suffix}": value for name, value in score._asdict().items()}
