"""The figure of a study."""

import re
from pathlib import Path

import pytest

from gner.studies.curves import draw_curves
from gner.studies.outcomes import read_outcomes
from gner.studies.study_file import FigureFile
from gner.studies.study_summary import summarize
from tests.studies.conftest import Simulated


def test_figures_are_pictures_with_the_names_of_the_cells(results: Path) -> None:
    assert (results / "figure.png").read_bytes().startswith(b"\x89PNG")
    drawn = (results / "figure.svg").read_text(encoding="utf-8")
    assert all(f"<!-- {text} -->" in drawn for text in ("window", "f1, mean, %", "toy study", "all", "4"))


@pytest.mark.parametrize(
    ("figure", "curves"),
    [
        (FigureFile("window", "beams"), {"1", "4"}),
        (FigureFile("beams", scale="log"), {"window=0", "window=all"}),
    ],
)
def test_each_curve_is_named_in_a_colour_of_its_own(
    figure: FigureFile, curves: set[str], simulated: Simulated, tmp_path: Path
) -> None:
    summary = summarize(simulated.study, read_outcomes(simulated.study, simulated.trainings))
    file = tmp_path / "figure.svg"
    draw_curves(summary, simulated.study, figure, [file])
    drawn = file.read_text(encoding="utf-8")
    written = re.findall("<!-- (.*?) -->", drawn)
    assert curves <= set(written)
    assert not [text for text in written if "times" in text]  # a label of a logarithmic axis between the values
    assert {"#0072b2", "#d55e00"} <= {color.lower() for color in re.findall("#[0-9a-fA-F]{6}", drawn)}


def test_dollars_are_no_formula(simulated: Simulated, tmp_path: Path) -> None:
    study = simulated.study._replace(file=Path("cost in $ or $.yaml"))
    summary = summarize(study, read_outcomes(study, simulated.trainings))
    draw_curves(summary, study, FigureFile("window", "beams"), [tmp_path / "figure.svg"])
    assert "cost in $ or $" in (tmp_path / "figure.svg").read_text(encoding="utf-8")


def test_long_names_do_not_lie_on_each_other(simulated: Simulated, tmp_path: Path) -> None:
    study = simulated.study
    long = [value._replace(label=f"a long name of {value.label}") for value in study.axes[0].values]
    renamed = study._replace(axes=(study.axes[0]._replace(values=tuple(long * 3)), *study.axes[1:]))
    summary = summarize(study, read_outcomes(study, simulated.trainings))._replace(lines=())
    for each, is_slanted in ((study, False), (renamed, True)):
        draw_curves(summary, each, FigureFile("window", "beams"), [tmp_path / "figure.svg"])
        assert ("rotate(-20)" in (tmp_path / "figure.svg").read_text(encoding="utf-8")) == is_slanted
