"""All files of the results."""

from gner.studies.results_folder import write_results
from tests.studies.conftest import MakeStudy, Simulated

FILES = {"results.csv", "table.md", "table.tex", "tensorboard"}
FIGURES = {"figure.png", "figure.svg"}


def test_files_are_written_and_the_table_returned(simulated: Simulated, make_study: MakeStudy) -> None:
    headings, *rows = write_results(simulated.study, simulated.trainings)
    assert headings == ["window", "beams", "f1, mean", "news", "web", "f1_exact", "difference", "seeds"]
    assert [row[-1] for row in rows] == ["3", "3", "2", "2"]
    found = {path.name for path in simulated.study.out.iterdir() if not path.name.startswith("window")}
    assert found == FILES | FIGURES


def test_without_a_figure_there_is_none(simulated: Simulated, make_study: MakeStudy) -> None:
    write_results(make_study(figure=None), simulated.trainings)
    assert not any((simulated.study.out / name).exists() for name in FIGURES)
