"""Forward passes: what networks take, and processes that do each pass together."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import distributed
from transformers import PreTrainedModel


def takes(network: PreTrainedModel, argument: str) -> bool:
    """Whether a network's ``forward`` has an argument of this name."""
    return argument in _arguments(type(network).forward)


@cache
def _arguments(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


class Lockstep:
    """Has all processes do the same number of passes, where each holds a part of the weights only.

    Args:
        network: The one that the passes are of.
    """

    def __init__(self, network: PreTrainedModel) -> None:
        is_shared = distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1
        self._is_needed = is_shared and getattr(network, "_is_fsdp_managed_module", False)
        self._device = network.device

    def goes_on(self, is_busy: bool) -> bool:
        """Whether there is another pass to do, be it for others; every process must ask before each pass."""
        if not self._is_needed:
            return is_busy
        busy = torch.tensor(int(is_busy), device=self._device)
        distributed.all_reduce(busy, distributed.ReduceOp.MAX)
        return bool(busy)
