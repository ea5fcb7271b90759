"""What tensors of networks and of checkpoints are called, and how they are read."""

from __future__ import annotations

import re
from typing import Any, Protocol

from torch import Tensor

_ADAPTER = re.compile(r"\.lora_(A|B|embedding_A|embedding_B)\.")
_BASE_LAYER = "base_layer"


class StoredTensors(Protocol):
    """Tensors of a checkpoint, read when they are asked for."""

    source: str

    @property
    def names(self) -> set[str]:
        """Names of all tensors."""

    def tensor(self, name: str) -> Any:
        """A tensor, or something of which rows can be read like those of one."""


def is_adapter(name: str) -> bool:
    """Whether a parameter of this name belongs to an adapter."""
    return _ADAPTER.search(name) is not None


def plain_name(name: str) -> str:
    """What a parameter is called in a network without adapters; those of adapters keep their names.

    Layers with adapters hold the layer that they replace, and where several parameters of one module have adapters, one
    such layer holds the next.
    """
    parts = name.split(".")
    if is_adapter(name):
        return name
    return ".".join(part for part in parts if part != _BASE_LAYER)


def shape_of(source: Any) -> tuple[int, ...]:
    """The shape of a tensor or of a safetensors slice."""
    return tuple(source.shape if isinstance(source, Tensor) else source.get_shape())
