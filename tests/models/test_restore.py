"""Checkpoints that are damaged, or of another kind of run, are refused with what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributed import checkpoint as distributed_checkpoint

from gner.cli import Command
from gner.errors import UserError
from gner.inference.loading import load
from gner.models.restore import CONFIG_KEY, read_checked
from tests.runs import refused, run_command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "last.ckpt"
    distributed_checkpoint.save({"state_dict": {"a": torch.ones(1000), "b": torch.ones(10)}}, checkpoint_id=path)
    torch.save({CONFIG_KEY: "model: {}"}, path / "meta.pt")
    return path


def _part(folder: Path) -> Path:
    [part] = folder.glob("*.distcp")
    return part


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


PART_DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "part missing": (lambda folder: _part(folder).unlink(), "is missing"),
    "part truncated": (lambda folder: _truncate(_part(folder)), "is truncated"),
    "no metadata": (lambda folder: (folder / ".metadata").unlink(), "its .metadata cannot be read"),
    "metadata truncated": (lambda folder: _truncate(folder / ".metadata"), "its .metadata cannot be read"),
    "no meta": (lambda folder: (folder / "meta.pt").unlink(), "cannot be read as one"),
    "meta truncated": (lambda folder: _truncate(folder / "meta.pt"), "cannot be read as one"),
}


def test_an_intact_checkpoint_is_read(folder: Path) -> None:
    assert read_checked(folder)[CONFIG_KEY] == "model: {}"


@pytest.mark.parametrize("damage", PART_DAMAGES)
def test_a_damaged_checkpoint_is_refused(damage: str, folder: Path) -> None:
    harm, message = PART_DAMAGES[damage]
    harm(folder)
    with pytest.raises(UserError, match=message) as refused:
        read_checked(folder)
    assert str(folder) in str(refused.value)


def test_a_checkpoint_with_other_sharding_is_refused(config: Path, tmp_path: Path, capsys: Any) -> None:
    run_command("fit", config)
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    for optimizer in checkpoint["optimizer_states"]:
        optimizer["state"] = {f"weight{key}": value for key, value in optimizer["state"].items()}
    torch.save(checkpoint, path)
    with pytest.raises(SystemExit):
        run_command("fit", config, "--ckpt_path", "last")
    assert "is from a run with FSDP2Strategy" in capsys.readouterr().err


def test_weights_only_checkpoints_can_be_used_but_not_resumed(config: Path, tmp_path: Path, capsys: Any) -> None:
    run_command("fit", config, "--last_checkpoint.save_weights_only", "true")
    assert "has weights only" in refused("fit", config, capsys, "--ckpt_path", "last")
    run_command("validate", config, "--ckpt_path", "last")
    assert load(tmp_path / "run" / "last").settings.format is not None


def _shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(where: float) -> Callable[[Path], None]:
    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(where * len(content))] ^= 0xFF
        path.write_bytes(bytes(content))

    return flip


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pickled(path: Path) -> None:
    torch.save([1, 2], path)


FILE_DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"not a checkpoint\n" * 100),
    "truncated": _shorten,
    "half": _half,
    "first": _flip(0.001),
    "middle": _flip(0.5),
    "late": _flip(0.9),
    "folder": _folder,
    "other": _pickled,
}


@pytest.mark.parametrize("command", ["fit", "validate", "test"])
def test_a_damaged_checkpoint_ends_with_one_message_that_names_the_others(
    command: Command, config: Path, tmp_path: Path, capsys: Any
) -> None:
    run_command("fit", config, "--trainer.max_steps", "2", "--trainer.limit_val_batches", "1")
    checkpoints = tmp_path / "run" / "checkpoints"
    whole = (checkpoints / "last.ckpt").read_bytes()
    for name, damage in FILE_DAMAGES.items():
        damaged = checkpoints / f"{name}.ckpt"
        damaged.write_bytes(whole)
        damage(damaged)
        message = refused(command, config, capsys, "--ckpt_path", str(damaged))
        assert str(damaged) in message, name
        assert str(checkpoints / "best.ckpt") in message or name == "folder", name
