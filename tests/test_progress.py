"""Bars in a terminal, lines elsewhere."""

import io
from pathlib import Path
from typing import Any

import pytest
import rich
from lightning import Callback, Trainer
from rich.console import Console

from gner import progress
from gner.data import GnerDataModule
from gner.models import GnerModule
from gner.progress import Loop, ProgressBar, ProgressLines
from gner.prompting import GnerFormat
from gner.throughput import Throughput
from tests.runs import run_command


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed on a terminal with 80 columns."""
    printed = io.StringIO()
    console = Console(file=printed, width=80, force_terminal=True)
    monkeypatch.setattr(rich, "get_console", lambda: console)
    return printed


def _fit(bar: Callback, checkpoint: Path, root: Path, **options: Any) -> None:
    module = GnerModule(str(checkpoint))
    data = GnerDataModule(module.backbone, GnerFormat(), str(root), train=["toy"], val=["toy"], batch_size=2)
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        default_root_dir=root,
        callbacks=[bar, Throughput()],
        **options,
    )
    trainer.fit(module, datamodule=data)


def test_lines_tell_step_loss_speed_and_the_time_left(
    checkpoints: dict[str, Path], toy_root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_READS", 0)
    _fit(ProgressLines(every_n_steps=2), checkpoints["causal"], toy_root, max_steps=6, limit_val_batches=0)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("step ")]
    assert [line.partition(":")[0] for line in lines] == ["step 2 of 6", "step 4 of 6", "step 6 of 6"]
    for line in lines:
        assert "loss " in line
        assert line.endswith(" left")
    assert "tokens/s" in lines[-1]


def test_lines_come_after_a_time_too(
    checkpoints: dict[str, Path], toy_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bar = ProgressLines(every_n_seconds=0)
    _fit(bar, checkpoints["causal"], toy_root, max_steps=2, val_check_interval=2, num_sanity_val_steps=0)
    shown = capsys.readouterr().out
    assert "step 1 of 2" in shown
    assert "Validation: batch 1 of " in shown


def test_a_run_without_an_end_has_no_time_left(
    checkpoints: dict[str, Path], toy_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = {"max_epochs": -1, "max_time": {"seconds": 1}, "limit_val_batches": 0}
    _fit(ProgressLines(every_n_steps=1), checkpoints["causal"], toy_root, **limits)
    shown = capsys.readouterr().out
    assert "step 1: loss" in shown
    assert "left" not in shown


def test_bars_fit_80_columns_and_leave_nothing(
    checkpoints: dict[str, Path], toy_root: Path, shown: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_READS", 0)
    bar = ProgressBar()
    _fit(bar, checkpoints["causal"], toy_root, max_epochs=-1, max_steps=4, val_check_interval=2)
    assert "Training" in shown.getvalue()
    assert "Validation" in shown.getvalue()
    assert "/-2" not in shown.getvalue()
    assert not bar._display.tasks


def test_the_longest_bar_is_one_line(shown: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    bar = ProgressBar()
    monkeypatch.setattr(bar, "_note", lambda loop: "12 days, 10:00:00 left  loss 12.3456, 1,234,567 tokens/s")
    loop = Loop("Validation", total=1_000_000, done=999_999)
    bar.begin(loop)
    bar.advance(loop)
    bar._display.refresh()
    bar.end(loop)
    last = shown.getvalue().rpartition("Validation")[2]
    assert "\n" not in last.partition("…")[0]


def test_a_bar_is_taken_away_when_an_error_ends_the_run(shown: io.StringIO) -> None:
    bar = ProgressBar()
    bar._begin("Training", 10)
    bar._begin("Validation", 2)
    bar.on_exception(None, None, KeyboardInterrupt())  # type: ignore[arg-type]
    assert not bar._tasks
    assert not bar._display.live.is_started


def test_other_processes_show_nothing(shown: io.StringIO) -> None:
    bar = ProgressBar()
    bar.disable()
    bar._begin("Training", 10)
    bar._advance(1)
    assert not shown.getvalue()
    bar.enable()
    bar._begin("Training", 10)
    bar._end()
    assert shown.getvalue()


def test_a_test_prints_one_table(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_command("fit", config)
    capsys.readouterr()
    run_command("test", config, "--ckpt_path", "best")
    shown = capsys.readouterr().out
    assert shown.count("┏") == 1
    assert "support" in shown
