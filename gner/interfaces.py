"""What the parts of the system need of each other where tensors are involved: the batch, and protocols."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from itertools import chain, repeat
from typing import TYPE_CHECKING, NamedTuple, Protocol

from torch import Tensor, device
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gner.records import Example

if TYPE_CHECKING:
    from gner.prompting.base import Format

IGNORED = -100
"""The label of a place that the loss leaves out."""


class Batch:
    """Tokens of B examples, and the examples themselves: the contract between data and models.

    A seq2seq batch has one set of inputs: ``prompt_ids`` is ``input_ids``. A causal batch has two: prompt and answer,
    padded on the right, for the loss, and the prompt alone, padded on the left, for generation.

    Not a dataclass: Lightning takes those apart and rebuilds them, down to the examples.

    Args:
        input_ids: What the loss reads, shape (B, S).
        attention_mask: 1 at tokens and 0 at padding, shape (B, S).
        labels: Target token ids, -100 where ignored; shape (B, S) for causal, (B, T) for seq2seq.
        prompt_ids: What generation reads, shape (B, P).
        prompt_mask: 1 at tokens and 0 at padding, shape (B, P).
        examples: The B examples, in row order.
        positions: Place of each example in its split, B numbers; predictions are sorted by it.
        counted: False for rows that only fill up a rank's last batch; metrics skip them.
        lengths: Tokens of each row's prompt and answer, without padding.
        decode: False where the examples of this batch are outside the subset that is decoded.
        length_limit: Most tokens of any answer, beside what a strategy allows; None for no such limit.
        stops_loops: End answers that do nothing but repeat themselves; see `gner.decoding.limits`.
    """

    def __init__(
        self,
        *,
        input_ids: Tensor,
        attention_mask: Tensor,
        labels: Tensor,
        prompt_ids: Tensor,
        prompt_mask: Tensor,
        examples: list[Example],
        positions: list[int],
        counted: list[bool],
        lengths: list[tuple[int, int]],
        decode: bool = True,
        length_limit: int | None = None,
        stops_loops: bool = False,
    ) -> None:
        self.input_ids = input_ids
        self.attention_mask = attention_mask
        self.labels = labels
        self.prompt_ids = prompt_ids
        self.prompt_mask = prompt_mask
        self.examples = examples
        self.positions = positions
        self.counted = counted
        self.lengths = lengths
        self.decode = decode
        self.length_limit = length_limit
        self.stops_loops = stops_loops

    def first(self, num_rows: int) -> Batch:
        """The first rows; padding stays."""
        some = copy(self)
        for name, value in vars(self).items():
            if hasattr(value, "to") or isinstance(value, list):
                setattr(some, name, value[:num_rows])
        return some

    def repeated(self, num_copies: int) -> Batch:
        """Each row several times, its copies one after the other."""
        more = copy(self)
        for name, value in vars(self).items():
            if hasattr(value, "to"):  # the tensors
                setattr(more, name, value.repeat_interleave(num_copies, dim=0))
            elif isinstance(value, list):
                setattr(more, name, list(chain.from_iterable(repeat(one, num_copies) for one in value)))
        return more

    def to(self, target: device | str, non_blocking: bool = False) -> Batch:
        """Copy with all tensors on a device; Lightning calls this."""
        moved = copy(self)
        for name, value in vars(self).items():
            if hasattr(value, "to"):  # the tensors
                setattr(moved, name, value.to(target, non_blocking=non_blocking))
        return moved

    def __len__(self) -> int:
        return len(self.examples)


class Positions(NamedTuple):
    """The longest sequences of a backbone in tokens; None where it sets no limit, as T5's relative positions do.

    Attributes:
        prompt: What the encoder of a seq2seq backbone can read; of a causal one the same as ``answer``.
        answer: What a decoder can read; of a causal backbone prompt and answer together.
    """

    prompt: int | None
    answer: int | None


class TokenizerOwner(Protocol):
    """What data needs to know of a backbone: how text becomes tokens.

    The model's own object is handed to the data module, so that there is one tokenizer in a run.
    """

    @property
    def is_encoder_decoder(self) -> bool:
        """True for a seq2seq backbone, False for a causal one."""

    @property
    def positions(self) -> Positions:
        """How many tokens it can read and write."""

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer, with a pad and an end token."""

    @property
    def needs_tokenizer(self) -> bool:
        """True until `set_tokenizer` was called, for a backbone that is built from nothing."""

    def train_tokenizer(self, texts: Iterable[str]) -> str:
        """Train a tokenizer and return its serialization for `set_tokenizer`."""

    def set_tokenizer(self, serialized: str) -> None:
        """Use a tokenizer that `train_tokenizer` made, here or in an earlier run."""


class TextModel(Protocol):
    """What a decoding strategy works with."""

    @property
    def network(self) -> PreTrainedModel:
        """The Hugging Face model."""

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Its tokenizer, with a pad and an end token."""

    @property
    def format(self) -> Format:
        """How examples are written as text."""
