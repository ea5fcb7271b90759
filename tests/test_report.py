"""What a run prints and writes to ``metrics.json``."""

from pathlib import Path
from typing import Any

import torch

from tests.runs import metrics_of, run_command


def test_a_resumed_run_continues_and_keeps_its_best_result(config: Path, tmp_path: Path) -> None:
    run_command("fit", config)
    run = tmp_path / "run"
    before = metrics_of(run)
    run_command("fit", config, "--ckpt_path", "last", "--trainer.max_steps", "6")
    after = metrics_of(run)
    assert after["last"]["step"] == 6
    assert after["best"]["metrics"]["val/f1"] >= before["best"]["metrics"]["val/f1"]
    assert not (tmp_path / "run.1").exists()


def test_the_best_metrics_belong_to_the_best_checkpoint(config: Path, tmp_path: Path) -> None:
    run_command(
        "fit", config, "--checkpoint.monitor", "val/loss", "--checkpoint.mode", "min", "--model.optimization.lr", "3"
    )
    run = tmp_path / "run"
    checkpoint = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    best, last = metrics_of(run)["best"], metrics_of(run)["last"]
    assert checkpoint["global_step"] == best["step"] < last["step"]
    assert best["metrics"]["val/loss"] < last["metrics"]["val/loss"]


def test_non_finite_metrics_are_null_in_files(config: Path, tmp_path: Path) -> None:
    run_command(
        "fit", config, "--trainer.max_steps", "1", "--model.optimization.lr", "1e30"
    )  # the loss of the validation is NaN
    assert metrics_of(tmp_path / "run")["last"]["metrics"]["val/loss"] is None


def test_only_existing_outputs_are_printed_without_validation(config: Path, tmp_path: Path, capsys: Any) -> None:
    run_command("fit", config, "--trainer.limit_val_batches", "0", "--trainer.enable_checkpointing", "false")
    shown = capsys.readouterr().out
    assert "TensorBoard" in shown
    assert "Checkpoints" not in shown
    assert "Metrics" not in shown
    assert not (tmp_path / "run" / "metrics.json").exists()
