"""What the parts of the system need of each other where tensors are involved: the batch, and protocols."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from enum import Enum
from itertools import chain, repeat
from typing import Any, NamedTuple, Protocol, cast

from torch import Tensor, device
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from gner.packed_rows import PackedRows
from gner.prompting.base import Format
from gner.records import Example

IGNORED = -100
"""The label of a place that the loss leaves out."""


class Kind(str, Enum):
    """What a backbone does with a text; the parts of the system ask it where the kinds truly differ.

    A seq2seq backbone reads a prompt with its encoder and writes the answer with its decoder; a causal one continues
    the prompt; an encoder writes nothing, and its states at each word can be tagged.

    Example:
        >>> Kind("causal") is Kind.CAUSAL, [kind.value for kind in Kind]
        (True, ['seq2seq', 'causal', 'encoder'])
    """

    SEQ2SEQ = "seq2seq"
    CAUSAL = "causal"
    ENCODER = "encoder"


def kind_of(config: PreTrainedConfig) -> Kind:
    """The kind of a backbone with this configuration.

    Transformers has classes for generation for most encoders, which are of use only with ``is_decoder``.

    Example:
        >>> from transformers import BertConfig, LlamaConfig, T5Config
        >>> kind_of(T5Config()).value, kind_of(LlamaConfig()).value, kind_of(BertConfig()).value
        ('seq2seq', 'causal', 'encoder')
        >>> kind_of(BertConfig(is_decoder=True)).value
        'causal'
    """
    if config.is_encoder_decoder:
        return Kind.SEQ2SEQ
    if getattr(config, "is_decoder", False):
        return Kind.CAUSAL
    is_masked = config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    is_causal = config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    has_masked_class = any("MaskedLM" in name for name in config.architectures or ())
    return Kind.ENCODER if is_masked or (has_masked_class and not is_causal) else Kind.CAUSAL


class Batch:
    """Tokens of E examples, and the examples themselves: the contract between data and models.

    A format poses one or more queries for an example. Each is a row to decode: a batch has R rows for its E examples,
    all rows of an example are in one batch, one after the other, and ``owners`` says whose each row is. What training
    reads are sequences, N of them; for most formats there is one for each row. With a seq2seq backbone, ``prompt_ids``
    is then ``input_ids``. With a causal one, sequences are prompt and answer, padded on the right, and rows are the
    prompt alone, padded on the left, for generation.

    Not a dataclass: Lightning takes those apart and rebuilds them, down to the examples.

    Args:
        input_ids: What the loss reads, shape (N, S).
        attention_mask: 1 at tokens and 0 at padding, shape (N, S).
        labels: Target token ids, -100 where ignored; shape (N, S) for causal, (N, T) for seq2seq.
        answer_ids: What the decoder of a seq2seq backbone writes, padded, shape (N, T); None for other kinds.
        prompt_ids: What generation reads, shape (R, P).
        prompt_mask: 1 at tokens and 0 at padding, shape (R, P).
        examples: The E examples.
        owners: For each of the R rows, which of the examples it is of.
        positions: Place of each example in its split, E numbers; predictions are sorted by it.
        counted: False for examples that only fill up a rank's last batch; metrics skip them.
        lengths: Tokens of each sequence's prompt and answer, without padding.
        prompt_lengths: Tokens of each row, without padding.
        decode: False where the examples of this batch are outside the subset that is decoded.
        length_limit: Most tokens of any answer, beside what a strategy allows; None for no such limit.
        stops_loops: End answers that do nothing but repeat themselves; see `gner.decoding.limits`.
        most_rows: Rows of one example to write at a time, where its types are asked for one by one; None for all.
        packed: The sequences of a causal backbone with their shared beginning once; None where that saves nothing.

    Attributes:
        prefixes: What is kept of earlier batches' prompts, a `gner.decoding.prefix_store.PrefixStore`, or None.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> batch = tiny_model("causal").batch(make_examples()[:2])
        >>> len(batch), batch.num_rows, batch.owners
        (2, 2, [0, 1])
        >>> prompt_length, answer_length = batch.lengths[0]
        >>> (batch.labels[0] != IGNORED).sum().item() == answer_length  # the loss leaves out prompt and padding
        True
    """

    def __init__(
        self,
        *,
        input_ids: Tensor,
        attention_mask: Tensor,
        labels: Tensor,
        answer_ids: Tensor | None,
        prompt_ids: Tensor,
        prompt_mask: Tensor,
        examples: list[Example],
        owners: list[int],
        positions: list[int],
        counted: list[bool],
        lengths: list[tuple[int, int]],
        prompt_lengths: list[int],
        decode: bool = True,
        length_limit: int | None = None,
        stops_loops: bool = False,
        most_rows: int | None = None,
        packed: PackedRows | None = None,
    ) -> None:
        self.input_ids = input_ids
        self.attention_mask = attention_mask
        self.labels = labels
        self.answer_ids = answer_ids
        self.prompt_ids = prompt_ids
        self.prompt_mask = prompt_mask
        self.examples = examples
        self.owners = owners
        self.positions = positions
        self.counted = counted
        self.lengths = lengths
        self.prompt_lengths = prompt_lengths
        self.decode = decode
        self.length_limit = length_limit
        self.stops_loops = stops_loops
        self.most_rows = most_rows
        self.packed = packed
        self.prefixes: object | None = None

    @property
    def num_rows(self) -> int:
        """Rows to decode, R."""
        return len(self.owners)

    @property
    def row_examples(self) -> list[Example]:
        """The example of each row, R of them."""
        return [self.examples[owner] for owner in self.owners]

    def first(self, num_examples: int) -> Batch:
        """The first examples, to be decoded: their rows are kept, and what training reads is that of all.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> batch = tiny_model("seq2seq").batch(make_examples()[:3])
            >>> some = batch.first(1)
            >>> len(some), some.num_rows, len(some.prompt_ids), len(some.input_ids)
            (1, 1, 1, 3)
        """
        some = self.rows(0, sum(owner < num_examples for owner in self.owners))
        for name in ("examples", "positions", "counted"):
            setattr(some, name, getattr(self, name)[:num_examples])
        return some

    def rows(self, start: int, end: int) -> Batch:
        """The rows from ``start`` to ``end`` (exclusive); examples, and what training reads, are those of all."""
        some = copy(self)
        for name in ("prompt_ids", "prompt_mask", "owners", "prompt_lengths"):
            setattr(some, name, getattr(self, name)[start:end])
        return some

    def repeated(self, num_copies: int) -> Batch:
        """Each row several times, its copies one after the other.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> batch = tiny_model("causal").batch(make_examples()[:2])
            >>> batch.repeated(2).owners, len(batch.repeated(2).prompt_ids)
            ([0, 0, 1, 1], 4)
        """
        more = copy(self)
        more.prompt_ids = self.prompt_ids.repeat_interleave(num_copies, dim=0)
        more.prompt_mask = self.prompt_mask.repeat_interleave(num_copies, dim=0)
        for name in ("owners", "prompt_lengths"):
            copies = (repeat(value, num_copies) for value in getattr(self, name))
            setattr(more, name, list(chain.from_iterable(copies)))
        return more

    def to(self, target: device | str, non_blocking: bool = False) -> Batch:
        """Copy with all tensors on a device; Lightning calls this.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> batch = tiny_model("causal").batch(make_examples()[:2])
            >>> moved = batch.to("meta")
            >>> moved.input_ids.device.type, batch.input_ids.device.type, moved.examples is batch.examples
            ('meta', 'cpu', True)
        """
        moved = copy(self)
        for name, value in vars(self).items():
            if hasattr(value, "to"):  # the tensors
                setattr(moved, name, value.to(target, non_blocking=non_blocking))
        return moved

    def __len__(self) -> int:
        return len(self.examples)


class TaggingBatch(Batch):
    """Tokens of E sentences whose words are tagged, W at most: one row a sentence, which training reads as it is.

    A tag is a number among those of its own example: 0 is O, and of the type at place t of ``example.types`` 2 t + 1
    begins an entity, and 2 t + 2 continues one.

    Args:
        word_starts: Where in its row each word is scored, its first token; -1 for padding, and for a word that the
            tokenizer makes nothing of. Shape (E, W).
        type_ids: Texts of the K types that any example offers, shape (K, L); None where the network does not read them.
        type_mask: 1 at tokens and 0 at padding, shape (K, L).
        type_places: Which of the K texts each of an example's types has; -1 for padding. Shape (E, T).
        others: What `Batch` has; ``labels`` are numbers of tags, -100 where nothing is learned, of shape (E, W).

    Example:
        >>> from gner.testing import make_examples, tiny_tagger
        >>> batch = tiny_tagger("bert").collate(make_examples()[:2])
        >>> batch.examples[0].words[:2], batch.examples[0].types, batch.labels[0].tolist()
        (('Ada', 'Lovelace'), ('person', 'place'), [1, 2, 0, 0, 3, 0])
    """

    def __init__(
        self,
        *,
        word_starts: Tensor,
        type_ids: Tensor | None = None,
        type_mask: Tensor | None = None,
        type_places: Tensor | None = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.word_starts = word_starts
        self.type_ids = type_ids
        self.type_mask = type_mask
        self.type_places = type_places

    def rows(self, start: int, end: int) -> TaggingBatch:
        """The rows from ``start`` to ``end`` (exclusive)."""
        some = cast(TaggingBatch, super().rows(start, end))
        some.word_starts = self.word_starts[start:end]
        some.type_places = None if self.type_places is None else self.type_places[start:end]
        return some


class Positions(NamedTuple):
    """The longest sequences of a backbone in tokens; None where it sets no limit, as T5's relative positions do.

    Attributes:
        prompt: What the encoder of a seq2seq backbone can read; of a causal one the same as ``answer``.
        answer: What a decoder can read; of a causal backbone prompt and answer together.

    Example:
        >>> from gner.models import Backbone, FromScratch
        >>> sizes = {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2}
        >>> Backbone(FromScratch("t5", vocab_size=400, config=sizes)).positions
        Positions(prompt=None, answer=None)
    """

    prompt: int | None
    answer: int | None


class Tagging(NamedTuple):
    """What data needs to know of a backbone that tags.

    Attributes:
        repeat: How often a sentence is read again before it is tagged.
        reads_types: Whether the texts of types are read too.
    """

    repeat: int
    reads_types: bool


class TokenizerOwner(Protocol):
    """What data needs to know of a backbone: how text becomes tokens.

    The model's own object is handed to the data module, so that there is one tokenizer in a run.
    """

    @property
    def kind(self) -> Kind:
        """What it does with a text."""

    @property
    def positions(self) -> Positions:
        """How many tokens it can read and write."""

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer, with a pad and an end token."""

    @property
    def packed_size(self) -> int | None:
        """Numbers of a hidden state, for a backbone that can read packed sequences; None for others."""

    @property
    def tagging(self) -> Tagging | None:
        """How it tags words; None for a backbone that writes text."""

    @property
    def needs_types(self) -> bool:
        """True until `set_types` was called, for a backbone that tags and whose tags are not known."""

    def set_types(self, types: Iterable[str]) -> None:
        """Tag entities of these types."""

    @property
    def needs_tokenizer(self) -> bool:
        """True until `set_tokenizer` was called, for a backbone with random weights."""

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
