"""Formats scores as tables for the terminal and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from gner.scoring.bootstrap import Interval, Intervals
from gner.scoring.counts import Score
from gner.scoring.results import EntityScores, GroupScores


class F1Intervals(NamedTuple):
    """Confidence intervals of the strict score, and of that of each scorer of the format by its name.

    Example:
        >>> from gner.scoring import Tally, entity_scores
        >>> of_toy = Intervals({"toy": Interval(0.6, 0.9)}, average=Interval(0.6, 0.9))
        >>> as_values(entity_scores({"toy": Tally()}), F1Intervals(of_toy, official={}))["average"]["f1_interval"]
        [0.6, 0.9]
    """

    strict: Intervals
    official: dict[str, Intervals]


_STRICT = ""  # where scorers have their names


def _by_scorer(intervals: F1Intervals | None) -> dict[str, Intervals]:
    return {} if intervals is None else {_STRICT: intervals.strict, **intervals.official}


_HEADINGS = {"unplaced": "not found", "unknown_tags": "unknown types"}
"""Of counts whose names in files say too little."""


def dataset_tables(scores: EntityScores, intervals: F1Intervals | None) -> list[Table]:
    """The scores of each dataset with their unweighted means, and what alignment had to do.

    Example:
        >>> from gner.scoring import Tally, entity_scores
        >>> scores, written = dataset_tables(entity_scores({"toy": Tally()}), None)
        >>> [column.header for column in written.columns]
        ['per 1,000 words', 'omissions', 'additions', 'substitutions']
        >>> [str(cell) for cell in scores.columns[0].cells if cell]
        ['toy', 'average']
    """
    table = _table("dataset", "score", "P", "R", "F1", *(["95 %"] if intervals else []), "support")
    known = _by_scorer(intervals)
    for name, group in scores.datasets.items():
        of_dataset = {scorer: each.datasets[name] for scorer, each in known.items()}
        _add_scores(table, name, {_STRICT: group.strict, **group.official}, of_dataset)
    table.add_section()
    averages = {_STRICT: scores.average(), **{scorer: scores.average(scorer) for scorer in scores.overall.official}}
    _add_scores(table, "average", averages, {scorer: each.average for scorer, each in known.items()})
    return [table, _written_table(scores)]


def _add_scores(table: Table, name: str, scores: Mapping[str, Score], intervals: Mapping[str, Interval]) -> None:
    """Add a line for the strict score, one for the published scorer and one for each variant of it."""
    published = next((scorer for scorer in scores if scorer != _STRICT), "")
    names = {published: "official", _STRICT: "strict"}
    for line_number, (scorer, score) in enumerate(scores.items()):
        variant = scorer.removeprefix(f"{published}_").replace("_", " ")  # short, for a narrow terminal
        line = [names.get(scorer, variant), *_figures(score)]
        if scorer in intervals:
            line.insert(-1, f"{intervals[scorer].low:.4f} – {intervals[scorer].high:.4f}")
        table.add_row("" if line_number else Text(name), *line)


def _written_table(scores: EntityScores) -> Table:
    """What alignment had to do, per 1,000 source words."""
    rates = {name: group.per_thousand_words() for name, group in scores.datasets.items()}
    kinds = ["omissions", "additions", "substitutions"]
    if scores.overall.lists_strings:
        kinds = ["unplaced", "unknown_tags", "unparsed"]
    elif any("unplaced" in of_group for of_group in rates.values()):
        kinds.append("unplaced")
    table = _table("per 1,000 words", *(_HEADINGS.get(kind, kind) for kind in kinds))
    for name, of_group in rates.items():
        table.add_row(Text(name), *(f"{of_group.get(kind, 0.0):.2f}" for kind in kinds))
    return table


def type_table(name: str, group: GroupScores) -> Table:
    """One line per entity type of a dataset, most frequent first.

    Example:
        >>> from gner.records import Counts
        >>> from gner.scoring import Tally
        >>> tally = Tally()
        >>> tally.types = {"song": Counts(0, 1, 1), "city": Counts(1, 1, 4)}
        >>> table = type_table("toy", tally.scores())
        >>> list(zip(*(map(str, column.cells) for column in table.columns)))
        [('city', '1.0000', '0.2500', '0.4000', '4'), ('song', '0.0000', '0.0000', '0.0000', '1')]
    """
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
        table.add_column(heading, justify="left" if heading == "score" else "right", no_wrap=heading != "score")
    return table


def _figures(score: Score) -> list[str]:
    return [f"{score.precision:.4f}", f"{score.recall:.4f}", f"{score.f1:.4f}", f"{score.support:,}"]


def as_values(scores: EntityScores, intervals: F1Intervals | None) -> dict[str, Any]:
    """Everything as JSON: ``datasets.<name>.f1``, ``average.f1_gner``, and so on.

    Example:
        >>> from gner.scoring import Tally, entity_scores
        >>> values = as_values(entity_scores({"toy": Tally()}), None)
        >>> list(values), values["datasets"]["toy"]["words"]
        (['datasets', 'average', 'all'], 0)
    """
    datasets = {name: _group_values(group) for name, group in scores.datasets.items()}
    average = _score_values(scores.average(), "")
    for scorer in scores.overall.official:
        average |= _score_values(scores.average(scorer), f"_{scorer}")
    for scorer, each in _by_scorer(intervals).items():
        key = f"f1_{scorer}_interval" if scorer else "f1_interval"
        average[key] = list(each.average)
        for name, interval in each.datasets.items():
            datasets[name][key] = list(interval)
    return {"datasets": datasets, "average": average, "all": _group_values(scores.overall)}


def _group_values(group: GroupScores) -> dict[str, Any]:
    support = {"support": group.strict.support}
    support |= {f"support_{scorer}": score.support for scorer, score in group.official.items()}
    counts = {"sentences": group.num_sentences, "words": group.num_words, "runaways": group.num_runaways}
    types = {name: score._asdict() for name, score in group.types.items()}
    return {**group.scalars(), **support, **counts, "types": types}


def _score_values(score: Score, suffix: str) -> dict[str, Any]:
    return {f"{name}{suffix}": value for name, value in score._asdict().items()}
