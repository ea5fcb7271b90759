"""Logs training speed, MFU, memory and validation time."""

from __future__ import annotations

import resource
import sys
import time
from typing import Any, cast

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.utilities.throughput import get_available_flops

from gner.errors import UserError
from gner.interfaces import Batch
from gner.models import GnerModule
from gner.models.flops import count_flops
from gner.models.sharding import block_names, compute_dtype
from gner.packed_rows import PackedRows

_GIB = 2**30


class Throughput(Callback):
    """Logs speed and memory every ``log_every_n_steps`` steps, and how long validations take.

    ``train/tokens_per_s``  tokens of all processes per second, without padding
    ``train/padding``       share of padding in the computed tokens
    ``train/step_s``        seconds per optimizer step
    ``train/mfu``           share of the devices' peak that the network itself needs (model FLOPs utilisation;
                            Chowdhery et al., 2022, arXiv 2204.02311), where the peak is known
    ``train/memory_gib``    peak memory of any process: on the GPU or, without one, in RAM
    ``val/seconds``         duration of a validation, with generation

    Times are wall-clock times without validations. The first step is a warm-up and left out.

    Args:
        peak_tflops: Peak of one device, in 10**12 operations per second without sparsity; null looks it up in
            Lightning's table, which counts sparsity for some devices.

    Example:
        >>> Throughput(peak_tflops=0)
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected `peak_tflops` > 0, got 0. Set throughput.peak_tflops.
    """

    def __init__(self, peak_tflops: float | None = None) -> None:
        if peak_tflops is not None and peak_tflops <= 0:
            raise UserError(f"Expected `peak_tflops` > 0, got {peak_tflops}. Set throughput.peak_tflops.")
        self._peak: float | None = peak_tflops and peak_tflops * 1e12
        self._since: float | None = None
        self._paused_s = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count the operations of the network, and look up the peak of the device."""
        self._flops = count_flops(cast(GnerModule, pl_module).network, block_names(trainer.strategy))
        if self._peak is None:
            dtype = compute_dtype(trainer.strategy, str(trainer.precision))
            self._peak = get_available_flops(pl_module.device, dtype)
        self._since = None
        self._last_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, *args: Any
    ) -> None:
        """Count a batch, and log at every ``log_every_n_steps``-th step."""
        if self._since is not None:
            self._num_tokens += sum(prompt + answer for prompt, answer in batch.lengths)
            num_computed, num_padding = _num_computed(batch, cast(GnerModule, pl_module).packed(batch))
            self._num_computed += num_computed
            self._num_padding += num_padding
            if self._flops is not None:
                self._num_flops += sum(self._flops.of_example(*lengths) for lengths in batch.lengths)
        if trainer.global_step == self._last_step:
            return  # still accumulating gradients
        self._last_step = trainer.global_step
        is_time = trainer.global_step % trainer.log_every_n_steps == 0  # type: ignore[attr-defined]
        if self._since is not None and is_time:
            self._log(trainer, pl_module)
        if self._since is None or is_time:
            self._restart(trainer)

    def _restart(self, trainer: Trainer) -> None:
        self._since = time.monotonic()
        self._first_step = trainer.global_step
        self._paused_s = 0.0
        self._num_tokens = self._num_computed = self._num_padding = self._num_flops = 0

    def _log(self, trainer: Trainer, module: LightningModule) -> None:
        assert self._since is not None
        seconds = time.monotonic() - self._since - self._paused_s
        sums = {
            "train/tokens_per_s": self._num_tokens / seconds,
            "train/padding": self._num_padding / self._num_computed / trainer.world_size,
        }
        if self._peak is not None and self._flops is not None:
            sums["train/mfu"] = self._num_flops / seconds / self._peak / trainer.world_size
        for name, value in sums.items():
            module.log(name, value, prog_bar=name != "train/padding", sync_dist=True, reduce_fx="sum")
        module.log("train/step_s", seconds / (trainer.global_step - self._first_step))
        module.log("train/memory_gib", _peak_memory(module.device) / _GIB, sync_dist=True, reduce_fx="max")

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start timing the validation, before weights are gathered."""
        self._validation_since = time.monotonic()

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log how long it took; decoding is included, as this callback runs after the decoding callback."""
        seconds = time.monotonic() - self._validation_since
        self._paused_s += seconds
        pl_module.log("val/seconds", seconds, rank_zero_only=True)


def _num_computed(batch: Batch, packed: PackedRows | None) -> tuple[int, int]:
    """Tokens that the network computed for a batch, and how many of these were padding."""
    if packed is not None:
        return packed.segments.numel(), packed.segments.numel() - packed.num_tokens
    num_computed = batch.input_ids.numel()
    if batch.labels.shape != batch.input_ids.shape:  # a decoder reads the labels
        num_computed += batch.labels.numel()
    return num_computed, num_computed - sum(map(sum, batch.lengths))


def _peak_memory(device: torch.device) -> int:
    """In bytes."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
