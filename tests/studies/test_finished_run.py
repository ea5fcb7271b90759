"""Which evaluation of which run is compared, and under which name."""

import json
from pathlib import Path

import pytest

from gner.errors import UserError
from gner.studies.finished_run import read_runs
from tests.studies.conftest import Simulated


def _run(folder: Path, *results: str) -> str:
    (folder / "predictions").mkdir(parents=True)
    for name in results:
        file = {"best": "val_best"}.get(name, name)
        (folder / "predictions" / f"{file}.jsonl").touch()
    metrics = {name: {"metrics": {"test/f1": 0.5, "test/toy/f1": 0.5}} for name in results}
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    config = f"trainer: {{default_root_dir: {folder}, max_steps: 3}}\n"
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    return str(folder)


def test_the_test_comes_before_the_best_validation(tmp_path: Path) -> None:
    given = [_run(tmp_path / "a", "best", "test"), _run(tmp_path / "b", "test", "best")]
    assert [(run.name, run.result) for run in read_runs(given)] == [("a", "test"), ("b", "test")]


def test_all_have_what_is_compared(tmp_path: Path) -> None:
    given = [_run(tmp_path / "a", "best", "test"), _run(tmp_path / "b", "best")]
    first, second = read_runs(given)
    assert (first.result, second.result) == ("best", "best")
    assert first.predictions == tmp_path / "a" / "predictions" / "val_best.jsonl"
    assert first.metrics == {"f1": 0.5, "toy/f1": 0.5}
    assert first.config == {"trainer.max_steps": 3}  # where a run is makes no difference


def test_evaluations_of_one_run_are_told_apart(tmp_path: Path) -> None:
    run = _run(tmp_path / "a", "test", "test_beams=4")
    assert [run.name for run in read_runs([run, f"{run}:test_beams=4"])] == ["a:test", "a:test_beams=4"]


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    given = [_run(tmp_path / "a" / "run", "test"), _run(tmp_path / "b" / "run", "test")]
    assert [run.name for run in read_runs(given)] == given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a"], "Expected two or more run folders, or a study, got"),
        (["a", "none"], r"Expected a run folder with metrics.json, got"),
        (["a", "a:test_beam"], "expected an evaluation among test, test_beams, got test_beam.*Did you mean"),
    ],
)
def test_what_is_missing_is_said(given: list[str], message: str, tmp_path: Path) -> None:
    _run(tmp_path / "a", "test", "test_beams")
    with pytest.raises(UserError, match=message):
        read_runs([str(tmp_path / one) for one in given])


def test_missing_predictions_are_said(tmp_path: Path) -> None:
    given = [_run(tmp_path / "a", "test"), _run(tmp_path / "b", "test")]
    (tmp_path / "b" / "predictions" / "test.jsonl").unlink()
    with pytest.raises(UserError, match=r"Expected predictions in .*b/predictions/test.jsonl"):
        read_runs(given)


def test_a_study_has_its_cells_of_one_seed_and_the_base_first(simulated: Simulated) -> None:
    runs = read_runs([str(simulated.study.file)])
    assert [run.name for run in runs] == [
        "window=all, beams=1, seed=0",
        "window=0, beams=1, seed=0",
        "window=0, beams=4, seed=0",
        "window=all, beams=4, seed=0",
    ]
