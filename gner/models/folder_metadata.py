"""Reads the description of a sharded checkpoint without running what a pickle asks for."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.metadata import Metadata

_NAME = ".metadata"
_CLASSES = {
    "torch.distributed.checkpoint.metadata": {
        *("BytesStorageMetadata", "ChunkStorageMetadata", "Metadata", "MetadataIndex", "StorageMeta"),
        *("TensorProperties", "TensorStorageMetadata", "_MEM_FORMAT_ENCODING"),
    },
    "torch.distributed.checkpoint.filesystem": {"_StorageInfo"},
    "torch.serialization": {"_get_layout"},
    "torch": {"Size"},
    "collections": {"OrderedDict"},
    "pathlib": {"PosixPath"},
    "pathlib._local": {"PosixPath"},  # its module in Python 3.13
}
"""What torch writes there."""


class _Unpickler(pickle.Unpickler):
    """Makes objects of `_CLASSES` and dtypes, and of nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """The class of a name.

        Raises:
            UnpicklingError: It is not one of those that torch writes.
        """
        is_dtype = module == "torch" and isinstance(getattr(torch, name, None), torch.dtype)
        if is_dtype or name in _CLASSES.get(module, ()):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in the description of a checkpoint")


def read_folder_metadata(folder: Path) -> Metadata:
    """What the folder of a sharded checkpoint holds, and where.

    torch reads the same file with plain pickle, which runs any function that the file names.

    Args:
        folder: Written by `torch.distributed.checkpoint`.

    Raises:
        UnpicklingError: The file names a function or class that has no place in it, or is damaged; which can also raise
            other errors.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = Path(folder, ".metadata").write_bytes(pickle.dumps(print))
        ...     read_folder_metadata(Path(folder))
        Traceback (most recent call last):
            ...
        _pickle.UnpicklingError: builtins.print has no place in the description of a checkpoint
    """
    with (folder / _NAME).open("rb") as file:
        found = _Unpickler(file).load()
    if not isinstance(found, Metadata):
        raise pickle.UnpicklingError(f"found {type(found).__name__}, expected the description of a checkpoint")
    return found
