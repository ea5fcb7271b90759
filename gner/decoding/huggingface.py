"""Strategies that are a configuration of Hugging Face ``generate``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any, cast

from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from gner.bio import tags_of
from gner.decoding.base import DecodingStrategy
from gner.decoding.log_probs import token_log_probs
from gner.errors import UserError
from gner.types import Batch, Example, Generation, TextModel

LENGTH_MARGIN = 8
"""Tokens allowed beyond the longest right answer: the end token, and a word more than there should be."""


class HuggingFaceStrategy(DecodingStrategy):
    """Runs ``generate`` with the options that a subclass gives.

    Args:
        max_new_tokens: Where generation stops at the latest. Null takes the longest answer that could be right for
            any sentence of the batch: every word with its longest tag.
    """

    def __init__(self, max_new_tokens: int | None = None) -> None:
        if max_new_tokens is not None and max_new_tokens < 1:
            raise UserError(
                f"Expected `max_new_tokens` >= 1 or null, got {max_new_tokens}. "
                "Set model.decoding.init_args.max_new_tokens."
            )
        self.max_new_tokens = max_new_tokens

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Arguments of ``GenerationConfig``."""

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per example; see the base class."""
        return to_generations(model, batch, self.write(model, batch))

    def write(self, model: TextModel, batch: Batch) -> list[list[int]]:
        """Token ids of what `generate` writes, those of an example together, each up to its end token."""
        network, tokenizer = model.network, model.tokenizer
        config = GenerationConfig(
            max_new_tokens=self._length_limit(model, batch),
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=tokenizer.bos_token_id,
            decoder_start_token_id=getattr(network.config, "decoder_start_token_id", None),
            **self.options(),
        )
        with _without_defaults(network):
            sequences = cast(Any, network).generate(
                input_ids=batch.prompt_ids, attention_mask=batch.prompt_mask, generation_config=config
            )  # (B, start + T)
        is_encoder_decoder = network.config.is_encoder_decoder
        start = 1 if is_encoder_decoder else batch.prompt_ids.shape[1]
        return [_until_end(row, tokenizer.eos_token_id) for row in sequences[:, start:].tolist()]

    def _length_limit(self, model: TextModel, batch: Batch) -> int:
        limit = self.max_new_tokens or longest_answer(model, batch.examples) + LENGTH_MARGIN
        return int(min(limit, max(1, positions_left(model, batch))))


@contextmanager
def _without_defaults(network: PreTrainedModel) -> Iterator[None]:
    """Keep what a checkpoint recommends for chats, such as a penalty on repetition, away from what must be a copy."""
    recommended = network.generation_config
    network.generation_config = GenerationConfig()
    try:
        yield
    finally:
        network.generation_config = recommended


def to_generations(model: TextModel, batch: Batch, written: list[list[int]]) -> list[Generation]:
    """What a model wrote for each example of a batch, given by token ids, with its text and log-probabilities."""
    log_probs = token_log_probs(model.network, batch, written)
    end = model.tokenizer.eos_token_id
    return [
        Generation(ids, decode(model.tokenizer, ids), scores, finished=ids[-1:] == [end])
        for ids, scores in zip(written, log_probs, strict=True)
    ]


def positions_left(model: TextModel, batch: Batch) -> float:
    """Tokens that an answer may have for a network with so many positions; infinity if it does not count them."""
    positions = getattr(model.network.config, "max_position_embeddings", None)
    used = 1 if model.network.config.is_encoder_decoder else batch.prompt_ids.shape[1]
    return inf if positions is None else positions - used


def longest_answer(model: TextModel, examples: Sequence[Example]) -> int:
    """Tokens of the longest answer that could be right for any of some examples.

    For a format that does not write every word: the tokens of the sentence itself, twice.
    """
    texts: list[str] = []
    for example in examples:
        tag = max(tags_of(example.types), key=len)
        draft = model.format.draft(example, [tag] * len(example.words))
        texts.append(draft if draft is not None else " ".join(example.words * 2))
    return max(len(ids) for ids in model.tokenizer(texts, add_special_tokens=False)["input_ids"])


def decode(tokenizer: PreTrainedTokenizerBase, token_ids: list[int]) -> str:
    """Token ids to text, as written: spaces before punctuation stay."""
    return str(tokenizer.decode(token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _until_end(row: list[int], end: int) -> list[int]:
    """Cut a row behind its end token; padding stands there."""
    return row[: row.index(end) + 1] if end in row else row
