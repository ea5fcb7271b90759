"""Names of tensors in networks and checkpoints, and the interface for reading them."""

from __future__ import annotations

import re
from typing import Any, Protocol

from torch import Tensor

_ADAPTER = re.compile(r"\.lora_(A|B|embedding_A|embedding_B)\.")
_BASE_LAYER = "base_layer"


class StoredTensors(Protocol):
    """Tensors of a checkpoint, read on demand."""

    source: str

    @property
    def names(self) -> set[str]:
        """Names of all tensors."""

    def tensor(self, name: str) -> Any:
        """A tensor, or an object whose rows can be read like a tensor's."""


def is_adapter(name: str) -> bool:
    """Whether a parameter with this name belongs to an adapter.

    Example:
        >>> is_adapter("layers.0.q_proj.lora_A.default.weight"), is_adapter("layers.0.q_proj.base_layer.weight")
        (True, False)
    """
    return _ADAPTER.search(name) is not None


def plain_name(name: str) -> str:
    """The name of a parameter in the network without adapters; those of adapters keep their names.

    Layers with adapters contain the layer that they replace. Where several parameters of one module have adapters,
    such layers are nested.

    Example:
        >>> plain_name("layers.0.q_proj.base_layer.weight")
        'layers.0.q_proj.weight'
    """
    parts = name.split(".")
    if is_adapter(name):
        return name
    return ".".join(part for part in parts if part != _BASE_LAYER)


def shape_of(source: Any) -> tuple[int, ...]:
    """The shape of a tensor or of a safetensors slice.

    Example:
        >>> from torch import zeros
        >>> shape_of(zeros(2, 3))
        (2, 3)
    """
    return tuple(source.shape if isinstance(source, Tensor) else source.get_shape())
