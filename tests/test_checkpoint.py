"""Checkpoints on a full disk."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from gner.checkpoint import AtomicCheckpointIO
from gner.cli import main
from gner.errors import UserError
from gner.models import GnerModule
from tests.processes import run_processes
from tests.runs import metrics_of, run_command

CONFIG = Path(__file__).parents[1] / "configs" / "debug.yaml"
REFUSED = r"Could not write the checkpoint .*last\.ckpt: .*File too large.*The earlier one there is unchanged"


@contextmanager
def _no_room() -> Iterator[None]:
    """Limit files to a few kilobytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_checkpoint_that_cannot_be_written_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    writer = AtomicCheckpointIO()
    writer.save_checkpoint({"weights": torch.ones(10)}, path)
    with _no_room(), pytest.raises(UserError, match=REFUSED):
        writer.save_checkpoint({"weights": torch.zeros(100_000)}, path)
    assert torch.equal(torch.load(path)["weights"], torch.ones(10))
    assert list(tmp_path.iterdir()) == [path]


def _fit(rank: int, run: Path) -> None:
    """A sharded run whose disk is full from its third step on."""
    original = GnerModule.on_train_batch_start
    with pytest.raises(SystemExit) as ended, pytest.MonkeyPatch.context() as patch, ExitStack() as stack:

        def fill_disk(self: GnerModule, *arguments: Any) -> Any:
            if self.global_step == 2:
                stack.enter_context(_no_room())
            return original(self, *arguments)

        patch.setattr(GnerModule, "on_train_batch_start", fill_disk)
        strategy = ["--trainer.strategy", "gner.models.FSDP2Strategy", "--trainer.strategy.compute_dtype", "fp32"]
        folders = ["--trainer.default_root_dir", str(run), "--data.root", str(run.with_name("data"))]
        often = ["--last_checkpoint.every_n_train_steps", "1", "--trainer.devices", "2"]
        main("fit", ["--config", str(CONFIG), *strategy, *folders, *often])
    assert ended.value.code == 2


@pytest.mark.slow
def test_a_sharded_checkpoint_that_cannot_be_written_leaves_the_earlier_one(tmp_path: Path) -> None:
    run_processes(_fit, 2, tmp_path / "run")
    [folder] = (tmp_path / "run" / "checkpoints").iterdir()
    assert torch.load(folder / "meta.pt", weights_only=True)["global_step"] == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--trainer.val_check_interval", "100", "--trainer.max_steps", "3"],
        ["--trainer.val_check_interval", "1.0", "--trainer.check_val_every_n_epoch", "5", "--trainer.max_epochs", "2"],
        ["--trainer.val_check_interval", "100", "--trainer.max_time", "00:00:00:01"],
    ],
)
def test_every_fit_ends_with_a_validation(options: list[str], config: Path, tmp_path: Path, capfd: Any) -> None:
    run_command("fit", config, "--trainer.max_steps", "100000", *options)
    run = tmp_path / "run"
    assert metrics_of(run)["best"]["metrics"].keys() >= {"val/f1", "val/loss"}
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    shown = "".join(capfd.readouterr())
    assert "Did you call" not in shown
