"""Damaged sharded checkpoints are refused, and the message says what is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.distributed import checkpoint as distributed_checkpoint

from gner.errors import UserError
from gner.models.restore import CONFIG_KEY, read_checked


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


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "part missing": (lambda folder: _part(folder).unlink(), "is missing"),
    "part truncated": (lambda folder: _truncate(_part(folder)), "is truncated"),
    "no metadata": (lambda folder: (folder / ".metadata").unlink(), "its .metadata cannot be read"),
    "metadata truncated": (lambda folder: _truncate(folder / ".metadata"), "its .metadata cannot be read"),
    "no meta": (lambda folder: (folder / "meta.pt").unlink(), "cannot be read as one"),
    "meta truncated": (lambda folder: _truncate(folder / "meta.pt"), "cannot be read as one"),
}


def test_an_intact_checkpoint_is_read(folder: Path) -> None:
    assert read_checked(folder)[CONFIG_KEY] == "model: {}"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused(damage: str, folder: Path) -> None:
    harm, message = DAMAGES[damage]
    harm(folder)
    with pytest.raises(UserError, match=message) as refused:
        read_checked(folder)
    assert str(folder) in str(refused.value)
