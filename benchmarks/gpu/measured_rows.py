"""Rows of the report, each measured within a time budget; one that fails or does not fit says why."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from gner.errors import first_line

GIB = 2**30
Row = dict[str, Any]
"""What was measured, by name; with ``skipped`` or ``failed`` and the reason where nothing was."""


class OutOfTime(Exception):
    """The time of the whole command is over."""


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in whatever still runs after some seconds, unless it is within one long call of a library."""

    def ring(*_: object) -> None:
        """The time is over."""
        raise OutOfTime(f"it was still running after {seconds:.0f} s, the time of the whole command")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(1.0, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass
class Deadline:
    """When a part must be over: at the end of its own budget, or of the command's.

    Attributes:
        part: Seconds of the part.
        part_end: End of the part, by `time.monotonic`.
        command_end: End of the command.
    """

    part: float
    part_end: float
    command_end: float

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return min(self.part_end, self.command_end) - time.monotonic()

    def why_not(self, needed: float) -> str | None:
        """Why there is no time for something that takes some seconds; None if there is."""
        if self.left >= needed:
            return None
        is_part = self.part_end < self.command_end
        which = f"the budget of this part ({self.part:.0f} s)" if is_part else "the time of the command"
        return f"{max(0.0, self.left):.0f} s are left of {which}, and it needs about {needed:.0f}"


class Rows:
    """Rows of one part, added one by one.

    Args:
        deadline: Of the part.
        device: Where it is measured.
        peak_flops: Operations a second that the device has at most; None if that is not known.

    Attributes:
        done: The rows.
    """

    def __init__(self, deadline: Deadline, device: torch.device, peak_flops: float | None = None) -> None:
        self.deadline = deadline
        self.device = device
        self.peak_flops = peak_flops
        self.done: list[Row] = []

    def measure(self, names: Row, measure: Callable[[], Row], *, needs: float) -> Row:
        """Add a row.

        Args:
            names: What is measured.
            measure: Gives the figures.
            needs: Seconds that it takes, about; it is skipped where fewer are left.
        """
        reason = self.deadline.why_not(needs)
        self.done.append(names | ({"skipped": reason} if reason else self._figures(measure)))
        return self.done[-1]

    def _figures(self, measure: Callable[[], Row]) -> Row:
        """The figures, or why there are none. No name here keeps an exception, whose frames hold tensors."""
        try:
            clear(self.device)
            return measure()
        except torch.OutOfMemoryError as error:
            return {"skipped": f"memory does not suffice: {first_line(error)}"}
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {first_line(error)}"}


def clear(device: torch.device) -> None:
    """Free memory that nothing uses any more, and count the peak from here on."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def peak_gib(device: torch.device) -> float | None:
    """Most memory of tensors since `clear`; None where it is not counted."""
    return torch.cuda.max_memory_allocated(device) / GIB if device.type == "cuda" else None
