"""The figure of a study: the first metric as curves, with intervals over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gner.studies.significance import mean_interval
from gner.studies.study_file import FigureFile, Study
from gner.studies.study_summary import Column, Line, Summary

_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""That colour-blind readers tell apart (Okabe and Ito, 2008)."""
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_ROOM = 60
"""Characters beside each other below the figure."""
_SHIFT = 0.04
"""Between the curves of categories, in categories, so that intervals do not hide each other."""


def draw_curves(summary: Summary, study: Study, figure: FigureFile, paths: Sequence[Path]) -> None:
    """Draw the curves into files, whose suffixes say what they are.

    Cells that differ in an axis of which the figure knows nothing have curves of their own.
    """
    column = summary.columns[0]
    canvas = Figure(figsize=(6, 4), layout="constrained", dpi=150)
    axes: Axes = canvas.subplots()
    by_line = _by_line(summary.lines, figure)
    labels = [value.label for value in study.axis(figure.x).values]
    places = _places(labels, figure)
    for number, (name, lines) in enumerate(by_line.items()):
        shift = _SHIFT * (number - (len(by_line) - 1) / 2) if figure.scale == "categories" else 0.0
        _draw(axes, {places[dict(line.labels)[figure.x]] + shift: line for line in lines}, column, name, number)
    _label(axes, figure, labels, places)
    axes.set_xlabel(_plain(figure.x))
    axes.set_ylabel(f"{column.heading}{', %' if column.is_share else ''}")
    axes.set_title(_plain(study.title))
    axes.grid(alpha=0.3)
    if len(by_line) > 1:
        axes.legend()
    for path in paths:
        canvas.savefig(path)


def _by_line(lines: Sequence[Line], figure: FigureFile) -> Mapping[str, list[Line]]:
    """The cells of each curve, by what is said of it."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        others = [(name, label) for name, label in line.labels if name != figure.x]
        name = ", ".join(label if name == figure.lines else f"{name}={label}" for name, label in others)
        found.setdefault(name, []).append(line)
    return found


def _places(labels: Sequence[str], figure: FigureFile) -> dict[str, float]:
    if figure.scale == "categories":
        return {label: float(place) for place, label in enumerate(labels)}
    return {label: float(label) for label in labels}


def _label(axes: Axes, figure: FigureFile, labels: Sequence[str], places: Mapping[str, float]) -> None:
    """Name the places of the axis, aslant where names would lie on each other."""
    if figure.scale == "categories":
        is_long = max(map(len, labels)) * len(labels) > _ROOM
        slant: dict[str, Any] = {"rotation": 20, "ha": "right", "rotation_mode": "anchor"} if is_long else {}
        axes.set_xticks(range(len(labels)), list(map(_plain, labels)), **slant)
    else:
        axes.set_xscale(figure.scale)
        axes.minorticks_off()  # whose labels would lie on those of the values
        axes.set_xticks(list(places.values()), labels, minor=False)


def _draw(axes: Axes, lines: Mapping[float, Line], column: Column, name: str, number: int) -> None:
    """One curve; cells without a figure are left out."""
    points, means, errors = [], [], []
    for place, line in sorted(lines.items()):
        values = [100 * value if column.is_share else value for value in line.values[column].values()]
        if values:
            mean = float(np.mean(values))
            low, high = mean_interval(values) or (mean, mean)
            points.append(place)
            means.append(mean)
            errors.append((mean - low, high - mean))
    intervals = np.array(errors).reshape(-1, 2).T
    color, marker = _COLORS[number % len(_COLORS)], _MARKERS[number % len(_MARKERS)]
    axes.errorbar(points, means, intervals, label=_plain(name), capsize=3, linewidth=1.5, color=color, marker=marker)


def _plain(text: str) -> str:
    """A text of which nothing is taken for a formula."""
    return text.replace("$", r"\$")
