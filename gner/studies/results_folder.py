"""Writes all results of a study: its folder's ``results.csv``, ``table.md``, ``table.tex``, figure and HParams."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gner.studies.cells import Training
from gner.studies.curves import draw_curves
from gner.studies.hparams import write_hparams
from gner.studies.outcomes import read_outcomes
from gner.studies.study_file import Study
from gner.studies.study_page import short_rows, write_csv, write_latex, write_markdown
from gner.studies.study_summary import summarize


def write_results(study: Study, trainings: Sequence[Training]) -> list[list[str]]:
    """Write what there is of a study's results, and return the rows of its table for a terminal.

    Raises:
        UserError: A training was run with other settings, or there is no metric of a name.
    """
    outcomes = read_outcomes(study, trainings)
    summary = summarize(study, outcomes)
    folder: Path = study.out
    write_csv(folder / "results.csv", outcomes, study)
    write_markdown(folder / "table.md", summary, study, outcomes)
    write_latex(folder / "table.tex", summary, study, outcomes)
    if study.options.figure is not None:
        draw_curves(summary, study, study.options.figure, [folder / "figure.png", folder / "figure.svg"])
    write_hparams(folder / "tensorboard", outcomes, study)
    return short_rows(summary, study)
