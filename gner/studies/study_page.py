"""A study's results as files: every number in CSV, and the table in Markdown and LaTeX."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import yaml

from gner.files import replacing
from gner.studies.cells import name_of
from gner.studies.outcomes import Outcome
from gner.studies.study_file import Study
from gner.studies.study_summary import Column, Line, Summary, mean_and_deviation

_MISSING = "–"
_COMPARED = ("difference", "95 %", "p, sentences", "p, seeds")
_LONG = _COMPARED[1:]
"""What a terminal has no room for."""
_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": "\\textbackslash{}",
        "~": "\\textasciitilde{}",
        "^": "\\textasciicircum{}",
        "–": "--",
        "±": "$\\pm$",
    }
)


_STRICT = "f1 is strict: both ends of an entity and its type are right. Shares in percent, mean ± standard deviation."
_TESTS = (
    "The interval and `p, sentences` are a paired bootstrap over sentences, given these models; `p, seeds` is a paired "
    "t-test over seeds, given these sentences."
)


def write_csv(path: Path, outcomes: Iterable[Outcome], study: Study) -> None:
    """Write one row for each cell, seed, dataset and metric; ``all`` stands for all datasets together."""
    names = [axis.name for axis in study.axes]
    with replacing(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*names, "seed", "split", "dataset", "metric", "value"])
        for outcome in outcomes:
            labels = [label for _, label in outcome.labels]
            for (dataset, metric), value in outcome.metrics.items():
                rows.writerow([*labels, outcome.seed, study.options.split, dataset, metric, repr(value)])


def table_rows(summary: Summary, study: Study) -> list[list[str]]:
    """The table as text, the headings first."""
    names = [axis.name for axis in study.axes]
    headings = [*names, *(column.heading for column in summary.columns), *_COMPARED, "seeds"]
    return [headings, *(_row(line, summary.columns) for line in summary.lines)]


def short_rows(summary: Summary, study: Study) -> list[list[str]]:
    """The table without what a terminal has no room for."""
    headings, *rows = table_rows(summary, study)
    kept = [place for place, heading in enumerate(headings) if heading not in _LONG]
    return [[row[place] for place in kept] for row in (headings, *rows)]


def _row(line: Line, columns: Sequence[Column]) -> list[str]:
    values = [_cell(column, line.values[column].values()) for column in columns]
    num_seeds = len(line.values[columns[0]])
    return [*(label for _, label in line.labels), *values, *_compared(line), str(num_seeds)]


def _cell(column: Column, values: Iterable[float]) -> str:
    found = list(values)
    if not found:
        return _MISSING
    mean, deviation = mean_and_deviation(found)
    return column.show(mean) if deviation is None else f"{column.show(mean)} ± {column.show(deviation)}"


def _compared(line: Line) -> list[str]:
    """Difference in points, its interval, and both p."""
    found = line.comparison
    if found is None:
        return [""] * len(_COMPARED)
    low, high = map(_points, found.interval)
    p_seeds = "" if found.p_seeds is None else f"{found.p_seeds:.3f}"
    return [_points(found.difference), f"{low} – {high}", f"{found.p_sentences:.3f}", p_seeds]


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def write_markdown(path: Path, summary: Summary, study: Study, outcomes: Sequence[Outcome]) -> None:
    """Write the table, and what its figures are."""
    headings, *rows = table_rows(summary, study)
    lines = [f"# {study.title}", ""]
    lines += [_markdown_row(headings), _markdown_row(["---"] * len(headings)), *map(_markdown_row, rows), ""]
    lines += [f"* {note}" for note in notes(summary, study, outcomes)]
    if study.options.figure is not None:
        lines += ["", f"![{study.title}](figure.svg)"]
    _write(path, lines)


def write_latex(path: Path, summary: Summary, study: Study, outcomes: Sequence[Outcome]) -> None:
    """Write the table for ``booktabs``, with what its figures are as comments above."""
    headings, *rows = table_rows(summary, study)
    num_labels = len(study.axes)
    alignment = "l" * num_labels + "r" * (len(headings) - num_labels)
    lines = [f"% {note}" for note in notes(summary, study, outcomes)]
    lines += [f"\\begin{{tabular}}{{{alignment}}}", "\\toprule", _latex_row(headings), "\\midrule"]
    lines += [*map(_latex_row, rows), "\\bottomrule", "\\end{tabular}"]
    _write(path, lines)


def notes(summary: Summary, study: Study, outcomes: Sequence[Outcome]) -> list[str]:
    """What the figures are: which F1, split, sentences, labels, seeds and tests, and what is missing."""
    sentences = ", ".join(f"{name} {number:,}" for name, number in sorted(summary.num_sentences.items())) or "none yet"
    seeds = ", ".join(map(str, study.options.seeds))
    evaluated = f"Split {study.options.split}, checkpoint {study.options.checkpoint}, seeds {seeds}."
    compared = name_of(study.base_labels)
    from_base = f"Differences are points of strict F1 (mean over datasets) from {compared}."
    found = [_STRICT, f"{evaluated} Sentences: {sentences}.", _labels(study, outcomes), from_base, _TESTS]
    if summary.is_mixed:
        found.append("Cells were evaluated on different sentences; a difference is of those that both have.")
    if summary.varies:
        found.append("Seeds were evaluated on different sentences, so that `p, seeds` is over both.")
    if summary.missing:
        found.append(f"Missing: {'; '.join(summary.missing)}.")
    return found


def _labels(study: Study, outcomes: Iterable[Outcome]) -> str:
    """Whether types have the names that they have in the data."""
    folders = {outcome.run_dir for outcome in outcomes}
    renamed = sorted(set(chain.from_iterable(_renamed(folder, study.options.split) for folder in folders)))
    return f"Types of {', '.join(renamed)} are renamed by the config." if renamed else "Types as in the data."


def _renamed(run_dir: Path, split: str) -> Iterator[str]:
    config = yaml.safe_load((run_dir / "config.yaml").read_text(encoding="utf-8"))
    for source in config["data"].get(split) or ():
        if isinstance(source, dict) and isinstance(source.get("types"), dict):
            yield str(source.get("name") or source["path"])


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join(cell.translate(_LATEX) for cell in cells) + " \\\\"


def _write(path: Path, lines: Iterable[str]) -> None:
    with replacing(path) as file:
        file.write("\n".join(lines) + "\n")
