"""``python -m gner.validate`` and ``gner.predict --config`` end to end."""

from pathlib import Path
from typing import Any

import pytest

from gner.cli import Command
from tests.runs import metrics_of, refused, rows_of, run_command


def test_validate_test_and_predict_use_the_same_config(config: Path, tmp_path: Path) -> None:
    run_command("fit", config)
    run = tmp_path / "run"
    best = metrics_of(run)["best"]["metrics"]["val/f1"]
    last = rows_of(run, "val_last.jsonl")
    run_command("validate", config, "--ckpt_path", "last")
    assert rows_of(run, "validate.jsonl") == last
    run_command("test", config, "--ckpt_path", str(run / "checkpoints" / "best.ckpt"))
    test = metrics_of(run)["test"]["metrics"]  # the splits of the toy data are the same
    assert test["test/f1"] == best
    run_command("predict", config, "--ckpt_path", "best")
    written = [row["prediction"] for row in rows_of(run, "predict.jsonl")]
    assert written == [row["prediction"] for row in rows_of(run, "test.jsonl")]


def test_named_evaluations_are_kept_apart(config: Path, tmp_path: Path) -> None:
    run_command("fit", config, "--trainer.max_steps", "1")
    run = tmp_path / "run"
    cut = ("--model.decoding.init_args.max_new_tokens", "1")
    commands: tuple[Command, ...] = ("validate", "test", "predict")
    for command in commands:
        run_command(command, config, "--ckpt_path", "last")
        run_command(command, config, "--ckpt_path", "last", "--name", "cut", *cut)
        named, unnamed = rows_of(run, f"{command}_cut.jsonl"), rows_of(run, f"{command}.jsonl")
        assert [row["instance"] for row in named] == [row["instance"] for row in unnamed]
        assert [row["prediction"] for row in named] != [row["prediction"] for row in unnamed]
    metrics = metrics_of(run)
    assert set(metrics) == {"last", "best", "validate", "validate_cut", "test", "test_cut"}
    for named, unnamed in (("validate_cut", "validate"), ("test_cut", "test")):
        assert metrics[named]["counted"] == metrics[unnamed]["counted"]


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_a_name_with_a_path_is_refused(command: Command, config: Path, tmp_path: Path, capsys: Any) -> None:
    assert "got `../x`. Set --name." in refused(command, config, capsys, "--name", "../x")
    assert not (tmp_path / "run").exists()


def test_a_fit_has_no_name(config: Path, capsys: Any) -> None:
    assert "--name" in refused("fit", config, capsys, "--name", "x")
