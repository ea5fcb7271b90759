"""CSV, Markdown and LaTeX of a study that is not finished."""

import csv
import re
from pathlib import Path

from gner.studies.outcomes import read_outcomes
from gner.studies.study_summary import mean_and_deviation
from tests.studies.conftest import Simulated


def test_the_csv_has_every_number_once(results: Path, simulated: Simulated) -> None:
    rows = list(csv.DictReader((results / "results.csv").open(encoding="utf-8")))
    outcomes = read_outcomes(simulated.study, simulated.trainings)
    assert len(rows) == sum(len(outcome.metrics) for outcome in outcomes)
    names = ("window", "beams", "seed", "dataset", "metric")
    found = {tuple(row[name] for name in names): float(row["value"]) for row in rows}
    assert len(found) == len(rows)
    for outcome in outcomes:
        labels = [label for _, label in outcome.labels]
        for (dataset, metric), value in outcome.metrics.items():
            assert found[(*labels, str(outcome.seed), dataset, metric)] == value


def test_the_table_says_what_its_figures_are(results: Path, simulated: Simulated) -> None:
    text = (results / "table.md").read_text(encoding="utf-8")
    assert "| window | beams | f1, mean | news | web | f1_exact | difference |" in text
    outcomes = read_outcomes(simulated.study, simulated.trainings)
    values = [one.metrics["all", "f1_macro"] for one in outcomes if one.labels == (("window", "0"), ("beams", "4"))]
    mean, deviation = mean_and_deviation(values)
    assert deviation is not None
    assert f"| 0 | 4 | {100 * mean:.1f} ± {100 * deviation:.1f} |" in text
    for said in (
        "strict",
        "Split test,",
        "news 20, web 20.",
        "Types of web are renamed",
        "Missing: window=all",
    ):
        assert said in text


def test_latex_has_as_many_columns_in_each_row(results: Path) -> None:
    text = (results / "table.tex").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.endswith("\\\\")]
    columns = re.search(r"\{tabular\}\{([lr]+)\}", text)
    assert columns
    assert {row.count(" & ") + 1 for row in rows} == {len(columns[1])}
    assert not re.search(r"(?<!\\)[%_]", "\n".join(rows))
