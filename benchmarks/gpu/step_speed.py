"""Training: tokens a second and utilisation, with and without shared prompts, fused loss and compiled blocks."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor

from benchmarks.decoding import synchronize
from benchmarks.gpu.measured_rows import Row, Rows, peak_gib
from benchmarks.gpu.true_sizes import NetworkSize, Scale, build, computing
from gner.data.collate import Collator
from gner.data.regularization import Regularization
from gner.interfaces import Batch
from gner.models import GnerModule
from gner.models.causal_loss import CausalLoss
from gner.models.flops import count_flops
from gner.models.fused_loss import make_fused_loss
from gner.models.sharding import find_blocks
from gner.records import Example

_NUM_BATCHES = 4
_COMPILING = 6
"""Rows that compile take so many times as long."""


@dataclass(frozen=True)
class Variant:
    """How a network is trained.

    Attributes:
        prompts: ``separate`` rows; ``shared``, with types in the same order in all sentences of a batch
            (``shuffle_types: batch``); or ``shared, types shuffled`` in each sentence.
        fused_loss: As ``model.fused_loss``.
        compiled: As ``model.compile_blocks``.
    """

    prompts: str
    fused_loss: bool = False
    compiled: bool = False


VARIANTS = [
    *(Variant(prompts, fused) for fused, prompts in product([False, True], ["separate", "shared"])),
    Variant("shared, types shuffled"),
    *(Variant(prompts, compiled=True) for prompts in ["separate", "shared"]),
]


class Stepper:
    """Steps of AdamW as a trainer makes them.

    Args:
        module: With its network.
        size: Of the network.
        fused: Whether the loss is computed without logits.
        rate: Learning rate.
    """

    def __init__(self, module: GnerModule, size: NetworkSize, *, fused: bool, rate: float = 1e-5) -> None:
        self._network = module.network.train()
        self._network.zero_grad()  # of a step that memory did not suffice for
        self._size = size
        self.loss = CausalLoss(make_fused_loss(module.backbone.kind) if fused else None)
        self._trained = [parameter for parameter in self._network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self._trained, lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)

    def __call__(self, batch: Batch) -> Tensor:
        """Make one step; returns the loss."""
        with computing(self._size, batch.input_ids.device):
            loss = self.loss(self._network, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()


def training_batches(
    module: GnerModule, examples: Sequence[Example], size: int, prompts: str, device: torch.device
) -> list[Batch]:
    """Batches on a device, of sentences of similar length as training has them."""
    collate = Collator(module.format, module.backbone, share_prompts=prompts != "separate")
    some = sorted(examples[: _NUM_BATCHES * size], key=lambda example: len(example.words))
    if prompts == "shared, types shuffled":
        some = [Regularization().apply((), example, random.Random(place)) for place, example in enumerate(some)]
    parts = [some[start : start + size] for start in range(0, len(some), size)]
    return [collate.for_training(part, [random.Random(0)] * len(part)).to(device) for part in parts]


def time_training(
    module: GnerModule, size: NetworkSize, variant: Variant, examples: Sequence[Example], rows: Rows, *, seconds: float
) -> Row:
    """Tokens a second of one variant; the steps of two rounds through the batches are a warm-up."""
    device = rows.device
    batches = training_batches(module, examples, size.batch_size, variant.prompts, device)
    step = Stepper(module, size, fused=variant.fused_loss)
    with compiled_blocks(module) if variant.compiled else nullcontext():
        for batch in batches * 2:
            loss = step(batch)
        synchronize(device)
        num_rounds, started, spent = 0, time.perf_counter(), 0.0
        while spent < seconds:
            for batch in batches:
                loss = step(batch)
            synchronize(device)
            num_rounds, spent = num_rounds + 1, time.perf_counter() - started
    return _figures(module, step, batches, spent / num_rounds, rows) | {"loss": loss.item()}


def _figures(module: GnerModule, step: Stepper, batches: Sequence[Batch], seconds: float, rows: Rows) -> Row:
    """What is reported of a round through the batches that took some seconds."""
    lengths = [pair for batch in batches for pair in batch.lengths]
    packed = [step.loss.packed(batch) for batch in batches]
    both = list(zip(batches, packed, strict=True))
    tokens = sum(map(sum, lengths))
    read = sum(sum(map(sum, batch.lengths)) if one is None else one.num_tokens for batch, one in both)
    layouts = [(batch.input_ids if one is None else one.input_ids).shape for batch, one in both]
    flops, peak = count_flops(module.network), rows.peak_flops
    figures: Row = {
        "sentences": len(lengths),
        "tokens": tokens,
        "tokens_read": read,
        "tokens_computed": sum(num_rows * length for num_rows, length in layouts),
        "packed_batches": sum(one is not None for one in packed),
        "step_s": seconds / len(batches),
        "tokens_per_s": tokens / seconds,
        "sentences_per_s": len(lengths) / seconds,
        "mfu": None,
        "mfu_computed": None,
        "peak_gib": peak_gib(rows.device),
    }
    if flops is not None and peak is not None:
        figures["mfu"] = sum(flops.of_example(*pair) for pair in lengths) / seconds / peak
        computed = sum(num_rows * flops.of_example(length, 0) for num_rows, length in layouts)
        figures["mfu_computed"] = computed / seconds / peak
    return figures


@contextmanager
def compiled_blocks(module: GnerModule) -> Iterator[None]:
    """Have the blocks of a network compiled as ``model.compile_blocks`` does, and as they were afterwards."""
    blocks: list[Any] = find_blocks(module.network)
    for block in blocks:
        block.forward = torch.compile(block.forward, dynamic=True)
    try:
        yield
    finally:
        for block in blocks:
            del block.forward  # that of the class comes back
        torch.compiler.reset()


def measure_training(scale: Scale, size: NetworkSize, examples: Sequence[Example], rows: Rows) -> None:
    """Add a row for each variant of one network, which is built once."""
    modules: list[GnerModule] = []

    def make() -> Row:
        """Build the network."""
        started = time.perf_counter()
        modules.append(build(size, examples, rows.device))
        synchronize(rows.device)
        return {"parameters": modules[0].network.num_parameters(), "build_s": time.perf_counter() - started}

    rows.measure({"network": size.name, "row": "build"}, make, needs=scale.row_seconds)
    for variant in VARIANTS if modules else []:
        names = {"network": size.name, "row": "training", "precision": size.precision, **asdict(variant)}
        if variant.compiled and not scale.compiles:
            rows.done.append(names | {"skipped": "nothing is compiled at this size"})
            continue
        needs = scale.row_seconds * (_COMPILING if variant.compiled else 1)
        timed = partial(time_training, modules[0], size, variant, examples, rows, seconds=scale.step_seconds)
        rows.measure(names, timed, needs=needs)
