"""The memory that a run needs on a device: its largest batch, and what comes on top of its tensors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from gner.errors import UserError
from gner.interfaces import Kind, kind_of
from gner.models.causal_loss import packed_inputs
from gner.packed_rows import PackedRows

GIB = 2**30
_LOST = 0.1
_CONTEXT = 1.5 * GIB


@dataclass(frozen=True)
class Shape:
    """Rows of a batch, and the tokens of its longest prompt and answer."""

    rows: int
    prompt: int
    answer: int

    def inputs(self, network: PreTrainedModel, rows: int) -> Tensor:
        """Token ids of some rows as a network reads them: a causal one reads the answer with the prompt."""
        length = self.prompt if kind_of(network.config) is Kind.SEQ2SEQ else self.prompt + self.answer
        return torch.zeros((rows, length), dtype=torch.long)

    def answers(self, rows: int) -> Tensor:
        """Token ids of the answers of some rows."""
        return torch.zeros((rows, self.answer), dtype=torch.long)

    def step_inputs(self, network: PreTrainedModel) -> dict[str, Any]:
        """What a network reads in a training step, and the labels."""
        ids = self.inputs(network, self.rows)
        labels = self.answers(self.rows) if kind_of(network.config) is Kind.SEQ2SEQ else ids
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}

    def __str__(self) -> str:
        return f"{self.rows} x ({self.prompt:,} + {self.answer:,}) tokens"


@dataclass(frozen=True)
class PackedShape:
    """Bins of a batch whose rows begin alike, and their tokens; see `gner.packed_rows`.

    Example:
        >>> from gner.testing import tiny_model
        >>> inputs = PackedShape(2, 5).step_inputs(tiny_model("causal").network)
        >>> {name: tuple(tensor.shape) for name, tensor in inputs.items()}["attention_mask"]
        (2, 1, 5, 5)
    """

    bins: int
    length: int

    def step_inputs(self, network: PreTrainedModel) -> dict[str, Any]:
        """What a causal network reads in a training step, and the labels."""
        ids = torch.zeros((self.bins, self.length), dtype=torch.long)
        return {**packed_inputs(network, PackedRows(ids, ids, ids, ids)), "labels": ids}

    def __str__(self) -> str:
        return f"{self.bins} x {self.length:,} tokens"


def needed_memory(num_bytes: int) -> int:
    """Bytes that a device must have for tensors of a size, with room for the allocator and the device's libraries.

    Example:
        >>> needed_memory(10 * GIB) / GIB
        12.5
    """
    return int(num_bytes * (1 + _LOST) + _CONTEXT)


def largest_batch(sizes: Sequence[Sequence[tuple[int, int]]], batch_size: int) -> Shape:
    """The batch of the longest rows; all rows of an example are in one batch.

    Args:
        sizes: Tokens of prompt and answer of each example's rows.
        batch_size: Examples, each with a row at least.

    Example:
        >>> largest_batch([[(5, 2)], [(9, 1)], [(8, 8)]], batch_size=2)
        Shape(rows=2, prompt=9, answer=8)
    """
    rows = sorted(chain.from_iterable(sizes), key=sum)
    longest = rows[-max(batch_size, *map(len, sizes)) :]
    prompts, answers = zip(*longest, strict=True)
    return Shape(len(longest), max(prompts), max(answers))


def parse_memory(text: str | None, key: str) -> int | None:
    """Bytes of an amount such as ``24GB``.

    Args:
        text: The amount, or None.
        key: The option that it is of, for the message.

    Raises:
        UserError: It is no amount.

    Example:
        >>> parse_memory("24GB", "--gpu") == 24 * GIB
        True
    """
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?(?:GB|GiB|G)?", text)
    if match is None:
        raise UserError(f"Expected an amount of memory such as 80GB, got {text}. Set {key}.")
    return int(float(match.group(1)) * GIB)
