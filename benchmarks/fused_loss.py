"""Memory and time of the loss over a large vocabulary: a network's own against `model.fused_loss`.

python benchmarks/fused_loss.py --rows 8

Each side is a Llama of one narrow layer in a process of its own. Memory is what its peak adds to the network and to
what a first, tiny pass leaves behind.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from gner.models.fused_loss import FusedLoss

_GIB = 2**30


@dataclass(frozen=True)
class Shape:
    """A batch and a network; all tokens but the first are learned."""

    rows: int
    tokens: int
    vocab_size: int
    hidden_size: int


@dataclass(frozen=True)
class Cost:
    """Of one forward pass and one backward pass."""

    loss: float
    forward_bytes: int
    peak_bytes: int
    seconds: float


def measure(is_fused: bool, shape: Shape) -> Cost:
    """Run in a process of its own, whose peak is that of this loss."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        intermediate_size=2 * shape.hidden_size,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    network = LlamaForCausalLM(config)
    fused_loss = FusedLoss()

    def loss_of(ids: Tensor) -> Tensor:
        """The loss of a batch, which it is to write itself."""
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if is_fused:
            return fused_loss(network, inputs, ids)
        loss: Tensor = network(**inputs, labels=ids, use_cache=False).loss
        return loss

    ids = torch.randint(shape.vocab_size, (shape.rows, shape.tokens))
    loss_of(ids[:1, :2]).backward()  # the check, and gradients that are there in training too
    before, start = _peak(), time.perf_counter()
    loss = loss_of(ids)
    after_forward = _peak()
    loss.backward()
    return Cost(loss.item(), after_forward - before, _peak() - before, time.perf_counter() - start)


def _peak() -> int:
    """The most memory that this process has had, in bytes (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Print both sides and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=640)
    parser.add_argument("--vocab-size", type=int, default=152_000)
    parser.add_argument("--hidden-size", type=int, default=64)
    options = parser.parse_args()
    shape = Shape(options.rows, options.tokens, options.vocab_size, options.hidden_size)
    costs = {}
    for name, is_fused in (("plain", False), ("fused", True)):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            costs[name] = cost = pool.apply(measure, (is_fused, shape))
        print(
            f"{name}  loss {cost.loss:.6f}  forward {cost.forward_bytes / _GIB:6.2f} GiB  "
            f"with backward {cost.peak_bytes / _GIB:6.2f} GiB  {cost.seconds:6.1f} s"
        )
    print(f"memory {costs['fused'].peak_bytes / costs['plain'].peak_bytes:.3f}", end="  ")
    print(f"time {costs['fused'].seconds / costs['plain'].seconds:.2f}")


if __name__ == "__main__":
    main()
