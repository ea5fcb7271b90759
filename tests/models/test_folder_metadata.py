"""The description of a sharded checkpoint is read, and runs nothing."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from torch.distributed import checkpoint

from gner.errors import UserError
from gner.models.folder_metadata import read_folder_metadata
from gner.models.restore import read_checked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tensors = {"a": torch.zeros(3, 4), "b": torch.zeros(2, dtype=torch.bfloat16), "step": 3}
    checkpoint.save({"state_dict": tensors}, checkpoint_id=tmp_path / "last.ckpt", no_dist=True)
    return tmp_path / "last.ckpt"


def test_it_is_what_torch_reads(folder: Path) -> None:
    expected = checkpoint.FileSystemReader(folder).read_metadata()
    found = read_folder_metadata(folder)
    assert found.state_dict_metadata == expected.state_dict_metadata
    assert found.storage_data == expected.storage_data


class _Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._path),)


def test_code_in_it_is_not_run(folder: Path, tmp_path: Path) -> None:
    (folder / ".metadata").write_bytes(pickle.dumps(_Touch(tmp_path / "ran")))
    with pytest.raises(pickle.UnpicklingError, match="has no place"):
        read_folder_metadata(folder)
    with pytest.raises(UserError, match="mkdir has no place"):
        read_checked(folder)
    assert not (tmp_path / "ran").exists()


def test_other_objects_are_refused(folder: Path) -> None:
    (folder / ".metadata").write_bytes(pickle.dumps([1]))
    with pytest.raises(pickle.UnpicklingError, match="found list"):
        read_folder_metadata(folder)
