"""Which weights to train, and how many sentences at once, on a device with so much memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from gner.errors import UserError
from gner.models import GnerModule, Lora
from gner.models.footprint import Planner
from gner.models.memory_needs import GIB, largest_batch, needed_memory
from gner.models.precision import bfloat16_precision
from gner.recipes.measured import Measured

_BATCH_SIZES = (16, 8, 4, 2, 1)
_LEAST_FULL = 4
_SMALL = 200_000_000


class Way(NamedTuple):
    """A way to train: all weights or adapters, whether activations are computed twice, frozen weights have 4 bits."""

    has_adapters: bool
    recomputes: bool
    quantizes: bool = False

    @property
    def lora(self) -> Lora | None:
        """The adapters."""
        if not self.has_adapters:
            return None
        return Lora(target_modules="all-linear", quantization="nf4" if self.quantizes else None)


WAYS = (
    Way(False, False),
    Way(False, True),
    Way(True, False),
    Way(True, True),
    Way(True, False, True),
    Way(True, True, True),
)
"""What is tried, best first."""


@dataclass(frozen=True)
class Fitting:
    """What fits.

    Attributes:
        way: How to train.
        batch_size: Sentences at once.
        needed: Bytes of the device at the most; None where none was given.
        reason: Why it is this way.
    """

    way: Way
    batch_size: int
    needed: int | None
    reason: str


def find_fitting(make: Callable[[Way], GnerModule], measured: Measured, memory: int | None) -> Fitting:
    """The best way to train that fits into memory.

    All weights are trained where that leaves room for four sentences at once; otherwise adapters, and if need be frozen
    weights have 4 bits each. On a CPU, a small
    network is trained whole, and a larger one has adapters.

    Args:
        make: Makes a module for a way, without weights.
        measured: The data.
        memory: Bytes of the device; None for a CPU.

    Raises:
        UserError: Nothing fits.
    """
    num_parameters = _planner(make(WAYS[0]), WAYS[0]).numbers().num_parameters
    size = f"{num_parameters / 1e6:,.0f} million weights"
    if memory is None:
        way = WAYS[0] if num_parameters < _SMALL else WAYS[2]
        return Fitting(way, 8, None, f"{size}, on a CPU")
    for way in WAYS:
        batch_size, needed = _largest_fitting(make(way), way, measured, memory)
        if batch_size >= (1 if way.has_adapters else _LEAST_FULL):
            return Fitting(way, batch_size, needed, f"{size}; about {needed / GIB:.1f} of {memory / GIB:.0f} GiB")
    raise UserError(
        f"Expected a model that can be trained with {memory / GIB:.0f} GiB, but this one, with {size}, cannot even "
        "with adapters, 4 bits for each frozen weight and one sentence at a time. "
        "Take a smaller one for --backbone, or several devices: "
        "docs/multi_gpu.md."
    )


def _largest_fitting(module: GnerModule, way: Way, measured: Measured, memory: int) -> tuple[int, int]:
    """Most sentences at once, and what they need; 0 if even one does not fit."""
    planner = _planner(module, way)
    for batch_size in _BATCH_SIZES:
        shapes = [largest_batch(sizes, batch_size) for sizes in measured.sizes]
        footprint = planner.footprint(*shapes, num_sequences=module.decoding.num_sequences, accumulates=True)
        needed = needed_memory(max(footprint.training, footprint.validation))
        if needed <= memory:
            return batch_size, needed
    return 0, 0


def _planner(module: GnerModule, way: Way) -> Planner:
    precision = bfloat16_precision(has_adapters=way.has_adapters)
    options = {"fuses_loss": module.fuses_loss, "quantizes": module.quantizes}
    return Planner(module.backbone, module.prepare, None, precision=precision, **options)
