"""The table's numbers are those of the outcomes."""

from pathlib import Path
from statistics import mean, stdev

import pytest

from gner.errors import UserError
from gner.studies.outcomes import ALL, read_outcomes
from gner.studies.study_summary import Column, cells, mean_and_deviation, summarize
from tests.studies.conftest import MakeStudy, Simulated


def test_lines_are_the_cells_and_hold_the_figures_of_each_seed(simulated: Simulated) -> None:
    outcomes = read_outcomes(simulated.study, simulated.trainings)
    summary = summarize(simulated.study, outcomes)
    assert [line.labels for line in summary.lines] == cells(simulated.study)
    assert [column.heading for column in summary.columns] == ["f1, mean", "news", "web", "f1_exact"]
    line = summary.lines[0]
    chosen = [outcome for outcome in outcomes if outcome.labels == line.labels]
    news = next(column for column in summary.columns if column.dataset == "news")
    assert line.values[news] == {outcome.seed: outcome.metrics["news", "f1"] for outcome in chosen}
    values = [outcome.metrics[ALL, "f1_macro"] for outcome in chosen]
    assert mean_and_deviation(values) == pytest.approx((mean(values), stdev(values)))


def test_what_is_missing_is_named(simulated: Simulated) -> None:
    summary = summarize(simulated.study, read_outcomes(simulated.study, simulated.trainings))
    assert summary.missing == ("window=all, beams=1, seed=2", "window=all, beams=4, seed=2")


def test_cells_are_compared_with_the_chosen_one(simulated: Simulated) -> None:
    summary = summarize(simulated.study, read_outcomes(simulated.study, simulated.trainings))
    compared = {tuple(label for _, label in line.labels): line.comparison for line in summary.lines}
    assert compared["all", "1"] is None
    better = compared["all", "4"]
    assert better is not None
    assert better.num_seeds == 2
    assert better.difference > 0.1
    assert better.p_sentences < 0.05


def test_a_metric_that_there_is_not_is_refused(make_study: MakeStudy, simulated: Simulated) -> None:
    study = make_study(metrics=["f1_exct"])
    with pytest.raises(UserError, match="Did you mean `f1_exact`"):
        summarize(study, read_outcomes(simulated.study, simulated.trainings))


def test_without_any_outcome_all_is_missing(make_study: MakeStudy) -> None:
    summary = summarize(make_study(), [])
    assert len(summary.missing) == 12
    assert not summary.num_sentences


def test_other_sentences_are_told(simulated: Simulated) -> None:
    outcomes = read_outcomes(simulated.study, simulated.trainings)
    whole = summarize(simulated.study, outcomes)
    of_seed = [outcome.predictions for outcome in outcomes if outcome.seed == 1]
    _drop_the_first(of_seed[0])
    one_less = summarize(simulated.study, outcomes)
    for path in of_seed[1:]:
        _drop_the_first(path)
    all_less = summarize(simulated.study, outcomes)
    assert [(one.is_mixed, one.varies) for one in (whole, all_less)] == [(False, False), (False, True)]
    assert one_less.is_mixed


def _drop_the_first(predictions: Path) -> None:
    _, *rows = predictions.read_text(encoding="utf-8").splitlines(keepends=True)
    predictions.write_text("".join(rows), encoding="utf-8")


@pytest.mark.parametrize(
    ("metric", "shown"), [("f1_gner", "12.3"), ("boundary", "12.3"), ("omissions", "0.1"), ("loss", "0.1234")]
)
def test_shares_are_shown_in_percent(metric: str, shown: str) -> None:
    assert Column(metric, ALL, metric).show(0.1234) == shown
