"""A resumed run ends like an uninterrupted one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from gner.cli import Command
from gner.models import GnerModule
from gner.models.resuming import move_in_epoch, rng_states
from tests.conftest import KINDS
from tests.runs import metrics_of, run_command

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("config", ["causal", pytest.param("seq2seq", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize(
    "case",
    [
        (3, 1, "on_train_batch_start"),
        (6, None, "on_train_batch_start"),
        (4, 1, "on_validation_batch_start"),
        *(
            pytest.param(case, marks=pytest.mark.slow)
            for case in (
                (1, 1, "on_train_batch_start"),
                (5, 1, "on_train_batch_start"),
                (8, 1, "on_train_batch_start"),
                (6, 1, "on_train_epoch_end"),
                (8, None, "on_train_batch_start"),
                (12, 1, "on_validation_epoch_end"),
            )
        ),
    ],
)
def test_a_resumed_run_ends_like_an_uninterrupted_one(
    case: tuple[int, int | None, str], config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three batches an epoch, dropout, shuffled types and a schedule; interrupted within epochs and between them.

    Saved after every step, or after validations, at steps 4 and 8.
    """
    interrupted_after, saved_every, hook = case
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["model"]["optimization"] |= {"schedule": "linear", "warmup_ratio": 0.2}
    settings["model"]["lora"] = {"r": 2, "dropout": 0.3, "target_modules": "all-linear"}
    settings["trainer"] |= {"max_steps": 12, "val_check_interval": 4, "max_epochs": 10}
    if saved_every is not None:
        settings["last_checkpoint"] = {"every_n_train_steps": saved_every}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")

    def weights(run: Path) -> dict[str, Any]:
        return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)

    run_command("fit", config, "--trainer.default_root_dir", str(tmp_path / "whole"))
    expected = weights(tmp_path / "whole")
    original = getattr(GnerModule, hook)

    def interrupt(self: GnerModule, *arguments: Any) -> Any:
        if self.global_step == interrupted_after:
            raise ConnectionError("the power went off")
        return original(self, *arguments)

    with monkeypatch.context() as patch, pytest.raises(ConnectionError):
        patch.setattr(GnerModule, hook, interrupt)
        run_command("fit", config)
    torch.manual_seed(99)
    run_command("fit", config, "--ckpt_path", "last")
    found = weights(tmp_path / "run")
    assert found["global_step"] == expected["global_step"] == 12
    for name, value in expected["state_dict"].items():
        assert torch.equal(found["state_dict"][name], value), name
    assert metrics_of(tmp_path / "run") == metrics_of(tmp_path / "whole")


@pytest.mark.parametrize("config", ["causal"], indirect=True)
def test_a_run_that_ended_with_an_epoch_is_extended(config: Path, tmp_path: Path) -> None:
    def fit(run: str, num_epochs: int, *more: str) -> dict[str, Any]:
        limits = ["--trainer.max_steps", "-1", "--trainer.max_epochs", str(num_epochs)]
        folder = tmp_path / run
        run_command("fit", config, *limits, *more, "--trainer.default_root_dir", str(folder))
        return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)

    whole = fit("whole", 3)
    fit("parts", 1)
    parts = fit("parts", 3, "--ckpt_path", "last")
    assert parts["global_step"] == whole["global_step"]
    assert all(torch.equal(value, parts["state_dict"][name]) for name, value in whole["state_dict"].items())


@pytest.mark.slow
@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_sharded_training_resumes_and_is_tested_on_other_numbers_of_processes(config: Path, tmp_path: Path) -> None:
    def run(command: Command, devices: int, *options: str) -> str:
        strategy = ["--trainer.strategy", "gner.models.FSDP2Strategy", "--trainer.strategy.compute_dtype", "fp32"]
        arguments = ["--config", str(config), "--trainer.devices", str(devices), *strategy, *options]
        process = subprocess.run(
            ["timeout", "-k", "3", "900", sys.executable, "-m", f"gner.{command}", *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env=os.environ,
        )
        assert process.returncode == 0, process.stderr[-3000:]
        return process.stdout

    run("fit", 2, "--trainer.gradient_clip_val", "1.0")
    assert {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    last = metrics_of(tmp_path / "run")["last"]
    for devices in (1, 2):
        run("test", devices, "--ckpt_path", "last")
        test = metrics_of(tmp_path / "run")["test"]["metrics"]
        for name in ("f1", "precision_gner", "omissions", "runaways"):
            assert test[f"test/{name}"] == last["metrics"][f"val/{name}"]
    run("fit", 2, "--ckpt_path", "last", "--trainer.max_steps", "6")
    assert metrics_of(tmp_path / "run")["last"]["step"] == 6
    run("fit", 1, "--ckpt_path", "last", "--trainer.max_steps", "10")
    after = metrics_of(tmp_path / "run")["last"]
    assert (after["step"], after["epoch"]) == (10, 4)  # 3 epochs of 2 steps on two processes, then of 3 steps on one
    with pytest.raises(SystemExit):
        run_command("test", config, "--ckpt_path", "last")


@pytest.mark.parametrize(
    ("num_before", "num_now", "ready", "expected"),
    [(2, 1, 3, 6), (1, 2, 6, 3), (1, 2, 5, 3), (2, 3, 3, 2), (4, 4, 7, 7)],
)
def test_the_place_in_an_epoch_is_in_batches_of_the_processes_that_there_are(
    num_before: int, num_now: int, ready: int, expected: int
) -> None:
    progress = {"ready": ready, "started": ready, "processed": ready, "completed": ready - 1}
    checkpoint = {"loops": {"fit_loop": {"epoch_loop.batch_progress": {"current": progress}}}}
    move_in_epoch(checkpoint, num_before, num_now)
    assert progress == {"ready": expected, "started": expected, "processed": expected, "completed": expected - 1}


def test_an_rng_state_draws_the_same_numbers_again() -> None:
    with torch.random.fork_rng(devices=[]):
        states = rng_states()
        drawn = torch.rand(5)
        torch.set_rng_state(states["cpu"])
        assert torch.equal(torch.rand(5), drawn)
