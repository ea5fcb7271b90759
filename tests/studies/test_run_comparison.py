"""Figures of a comparison are those of its runs."""

import pytest

from gner.studies.finished_run import read_runs
from gner.studies.run_comparison import RunComparison, as_values, compare_runs, config_differences, run_tables
from tests.studies.conftest import Simulated


@pytest.fixture
def compared(simulated: Simulated) -> RunComparison:
    return compare_runs(read_runs([str(simulated.study.file)]), 50, seed=0)


def test_scores_are_those_that_the_runs_reported(compared: RunComparison) -> None:
    for run, system in zip(compared.runs, compared.systems, strict=True):
        assert system.scores.overall.strict.f1 == pytest.approx(run.metrics["f1"])


def test_values_name_each_run(compared: RunComparison) -> None:
    values = as_values(compared)
    names = [run.name for run in compared.runs]
    assert list(values["runs"]) == names
    assert list(values["metrics"]["f1"]) == names
    assert "f1_macro" in values["metrics"]  # of two datasets
    assert values["types"]["person"].keys() == set(names)
    assert set(values["differences"]) == set(names[1:])
    for sentence in values["disagreements"]:
        gold = sentence["gold"]
        assert sentence["right"] == [name for name in names if sentence["found"][name] == gold]


def test_configs_are_compared_by_key(compared: RunComparison) -> None:
    first, *others = compared.runs
    changed = others[0]._replace(config={**first.config, "model.backbone": "t5", "more": 1})
    assert config_differences([first, changed]) == {"model.backbone": ["google/flan-t5-base", "t5"], "more": [None, 1]}


def test_tables_have_a_column_for_each_run(compared: RunComparison) -> None:
    metrics, configs, types, *_ = run_tables(compared)
    assert [len(table.columns) for table in (metrics, configs, types)] == [1 + len(compared.runs)] * 3
    assert types.row_count == 2
