"""Resuming: RNG states, and the place in an epoch, which make a resumed run the uninterrupted one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def move_in_epoch(checkpoint: dict[str, Any], num_before: int, num_now: int) -> None:
    """Count the batches of this epoch as if they had been shared by the processes that there are now.

    Lightning would end the epoch too early or too late.

    Example:
        >>> current = {"ready": 10, "completed": 10}  # batches of each of two processes; twice as many for one alone
        >>> progress = {"epoch_loop.batch_progress": {"current": current}}
        >>> move_in_epoch({"loops": {"fit_loop": progress}}, num_before=2, num_now=1)
        >>> current
        {'ready': 20, 'completed': 20}
    """
    progress = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]
    missing = -(-progress["ready"] * num_before // num_now) - progress["ready"]
    for name in progress:
        progress[name] += missing


def rng_states() -> dict[str, Tensor]:
    """The states of torch's generators on this process.

    Example:
        >>> before = rng_states()["cpu"]
        >>> _ = torch.rand(1)
        >>> torch.equal(before, rng_states()["cpu"])
        False
    """
    states = {"cpu": torch.get_rng_state()}
    return states | {"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else states
