"""The records that travel through the system, and the interfaces between its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, fields
from itertools import chain, repeat
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:  # formats and alignment use these records and must not load torch
    from torch import Tensor, device
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from gner.formats.base import Format


IGNORED = -100
"""The label of a place that the loss leaves out."""


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence with its gold tags.

    Attributes:
        words: Source words, W strings.
        tags: IOB2 tags, one per word.
        types: Entity types that the prompt offers, in prompt order.
        dataset: Name of the data set that the sentence comes from.
        id: Position of the sentence in its file, from 0, as text.
        source: ``file:line`` of its first word, for messages.
        descriptions: What types mean, in pairs of a type and a sentence or phrase; types may be left out.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    types: tuple[str, ...]
    dataset: str
    id: str
    source: str = ""
    descriptions: tuple[tuple[str, str], ...] = ()


class TaggedWord(NamedTuple):
    """A word that a model wrote, with the tag that it wrote behind it."""

    word: str
    tag: str


@dataclass(frozen=True, slots=True)
class Entity:
    """Words ``start`` (inclusive) to ``end`` (exclusive) are an entity of one type.

    Attributes:
        score: Probability in [0, 1] of the tags of its words, or None where none was computed.
    """

    start: int
    end: int
    type: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """What the model wrote for one prompt.

    Attributes:
        token_ids: Written tokens without padding, the end token included if there is one.
        text: The decoded tokens without special tokens; where a strategy forces words, these as they are in the
            sentence, also if the tokenizer cannot spell them.
        token_log_probs: Log-probability of each of ``token_ids`` given all that came before it.
        finished: False if the length limit cut the text before the end token (a runaway).
        entities: Entities with scores, where the strategy knows better than the tokens tell; None where the text is all
            that it has to say.
    """

    token_ids: list[int]
    text: str
    token_log_probs: list[float]
    finished: bool
    entities: tuple[Entity, ...] | None = None


@dataclass(frozen=True, slots=True)
class AlignmentReport:
    """What it took to lay written words on the source words; every field is a count.

    Attributes:
        omissions: Source words that were not written.
        additions: Written words that no source word accounts for.
        substitutions: Source words with another word written in their place.
        unknown_tags: Written tags whose type is not among the example's; they became O.
        repaired_tags: Tags changed to make valid IOB2.
        unparsed: Characters that belong to no ``word(tag)`` pair.
    """

    omissions: int = 0
    additions: int = 0
    substitutions: int = 0
    unknown_tags: int = 0
    repaired_tags: int = 0
    unparsed: int = 0

    def __add__(self, other: AlignmentReport) -> AlignmentReport:
        return AlignmentReport(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


class Alignment(NamedTuple):
    """One tag per source word, and the report of how each came by it.

    Attributes:
        tags: W tags.
        report: What it took.
        origins: For each source word the position of the written pair that its tag is from, None for one that was not
            written; empty where that is not known.
    """

    tags: tuple[str, ...]
    report: AlignmentReport
    origins: tuple[int | None, ...] = ()


Aligner = Callable[[Sequence[str], Sequence[tuple[str, str]]], Alignment]
"""Lays written words, in pairs of word and tag such as `TaggedWord`, on the W source words.

Gives W tags for any words, never raises, and takes the tags as they are: ``O``, ``B-<type>`` or ``I-<type>``.
"""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Tags for the source words of one example.

    Attributes:
        tags: Valid IOB2, one per source word.
        official_tags: What the released scorer of the format makes of the same text, before any repair.
        entities: The entities that ``tags`` spell.
        report: What alignment and repair had to do.
        places: For each source word where its tag stands in the text, without brackets: first character, and one behind
            the last; None for a word that was not written. Empty where that is not known.
    """

    tags: tuple[str, ...]
    official_tags: tuple[str, ...]
    entities: tuple[Entity, ...]
    report: AlignmentReport
    places: tuple[tuple[int, int] | None, ...] = ()


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
