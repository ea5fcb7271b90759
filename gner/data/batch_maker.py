"""What makes batches of examples, for a backbone that writes or for one that tags."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from gner.data.collate import Collator
from gner.data.encoding import Encoded
from gner.data.tagging_collate import TaggingCollator
from gner.interfaces import Batch, TokenizerOwner
from gner.prompting import Format
from gner.records import Example


class BatchMaker(Protocol):
    """Tokenizes examples and makes batches of them; `Collator` says what the arguments mean."""

    @property
    def learns_queries(self) -> bool:
        """Whether training reads what is decoded and nothing else, so that it need not be tokenized twice."""

    def __call__(
        self,
        examples: Sequence[Example],
        positions: Sequence[int] | None = None,
        counted: Sequence[bool] | None = None,
        *,
        decode: bool = True,
    ) -> Batch:
        """A batch to evaluate."""

    def for_training(
        self, examples: Sequence[Example], rngs: Sequence[random.Random], positions: Sequence[int] | None = None
    ) -> Batch:
        """A batch to train on."""

    def for_decoding(self, examples: Sequence[Example]) -> Batch:
        """A batch that is only decoded."""

    def encode(self, examples: Sequence[Example]) -> list[Encoded]:
        """Tokens of the rows of all examples."""

    def sizes(self, examples: Sequence[Example], *, for_training: bool = False) -> list[list[tuple[int, int]]]:
        """Tokens of prompt and answer of each example's rows."""

    def texts(self, examples: Iterable[Example]) -> Iterator[str]:
        """What training reads, to train a tokenizer on."""


def make_batch_maker(format: Format, backbone: TokenizerOwner, *, share_prompts: bool = False) -> BatchMaker:
    """What makes the batches of a backbone.

    Args:
        format: How an example becomes text, for a backbone that writes.
        backbone: Owner of the tokenizer.
        share_prompts: See `Collator`.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> from gner.testing import tiny_tagger
        >>> type(make_batch_maker(GnerFormat(), tiny_tagger("bert").backbone)).__name__
        'TaggingCollator'
    """
    if backbone.tagging is not None:
        return TaggingCollator(backbone)
    return Collator(format, backbone, share_prompts=share_prompts)
