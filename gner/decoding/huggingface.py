"""Strategies that are a configuration of Hugging Face ``generate``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from transformers import (
    DynamicCache,
    GenerationConfig,
    LogitsProcessorList,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    StoppingCriteriaList,
)

from gner.decoding.base import DecodingStrategy
from gner.decoding.forward_pass import within_positions
from gner.decoding.limits import RowLimits, end_of_loop, repeats_itself, row_limits
from gner.decoding.log_probs import token_log_probs
from gner.decoding.shared_prefix import shared_prefix
from gner.errors import UserError
from gner.interfaces import Batch, Kind, TextModel, kind_of
from gner.records import Generation


class HuggingFaceStrategy(DecodingStrategy):
    """Runs ``generate`` with the options that a subclass gives.

    Args:
        max_new_tokens: Where generation stops at the latest. Null takes, for each sentence, the longest answer that
            could be right: every word with its longest tag.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> class NoRepeats(HuggingFaceStrategy):
        ...     def options(self):
        ...         return {"num_beams": 1, "do_sample": False, "no_repeat_ngram_size": 1}
        >>> model = tiny_model("seq2seq")
        >>> with torch.inference_mode():
        ...     [generation] = NoRepeats(max_new_tokens=8).generate(model, model.batch(make_examples()[:1]))
        >>> len(set(generation.token_ids)) == len(generation.token_ids)
        True
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
        """Arguments of ``GenerationConfig``.

        Example:
            >>> from gner.decoding import BeamSearch, Greedy
            >>> Greedy().options(), BeamSearch(num_beams=2).options()["num_beams"]
            ({'num_beams': 1, 'do_sample': False}, 2)
        """

    def processors(self, batch: Batch, limits: Sequence[int]) -> LogitsProcessorList:
        """What changes logits before a token is chosen; a subclass may add to it.

        Args:
            batch: R rows.
            limits: Most tokens of each row's answer.
        """
        return LogitsProcessorList()

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per row; see the base class."""
        return to_generations(model, batch, self.write(model, batch))

    def write(self, model: TextModel, batch: Batch) -> list[list[int]]:
        """Token ids of what `generate` writes, those of a row together, each up to its end token or its limit.

        Example:
            >>> import torch
            >>> from gner.decoding import NucleusSampling
            >>> from gner.testing import make_examples, tiny_model
            >>> model, strategy = tiny_model("causal"), NucleusSampling(num_samples=3, max_new_tokens=4)
            >>> with torch.inference_mode():
            ...     written = strategy.write(model, model.batch(make_examples()[:2]))
            >>> len(written)  # three of the first row, then three of the second
            6
        """
        network, tokenizer = model.network, model.tokenizer
        limits = row_limits(model, batch, self.max_new_tokens)
        start = 1 if kind_of(network.config) is Kind.SEQ2SEQ else batch.prompt_ids.shape[1]
        config = GenerationConfig(
            max_new_tokens=max(limits),
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=tokenizer.bos_token_id,
            decoder_start_token_id=getattr(network.config, "decoder_start_token_id", None),
            **self.options(),
        )
        inputs = _inputs(network, batch, config)
        with _without_defaults(network), within_positions(network):
            sequences = cast(Any, network).generate(
                **inputs,
                generation_config=config,
                logits_processor=self.processors(batch, limits),
                stopping_criteria=StoppingCriteriaList([RowLimits(batch, limits, start)]),
            )  # (R * N, start + T), N texts for each row
        num_texts = sequences.shape[0] // batch.num_rows
        written = []
        for place, tokens in enumerate(sequences[:, start:].tolist()):
            row = place // num_texts
            written.append(_until_end(tokens, tokenizer.eos_token_id, limits[row], batch, row))
        return written


def _inputs(network: PreTrainedModel, batch: Batch, config: GenerationConfig) -> dict[str, Any]:
    """Prompts, and keys and values of what rows and beams begin with, unless options ask for another cache."""
    inputs: dict[str, Any] = {"input_ids": batch.prompt_ids, "attention_mask": batch.prompt_mask}
    if config.use_cache is False or config.cache_implementation is not None:
        return inputs
    num_copies = max(config.num_beams or 1, config.num_return_sequences or 1)
    shared = shared_prefix(network, batch, num_copies=num_copies)
    if shared is not None:
        cache = DynamicCache(config=network.config)  # as `generate` makes it
        inputs["past_key_values"] = shared.fill(cache, num_copies=num_copies)
    return inputs


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
    """What a model wrote for each row of a batch, given by token ids, with its text and log-probabilities.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> ids = model.tokenizer("nothing(O)", add_special_tokens=False)["input_ids"]
        >>> with torch.inference_mode():
        ...     [generation] = to_generations(model, model.batch(make_examples()[1:2]), [ids])
        >>> generation.text, generation.finished
        ('nothing(O)', False)
    """
    log_probs = token_log_probs(model.network, batch, written)
    end = model.tokenizer.eos_token_id
    generations = []
    for ids, scores in zip(written, log_probs, strict=True):
        text = decode(model.tokenizer, ids, model.format.answer_start)
        generations.append(Generation(ids, text, scores, finished=ids[-1:] == [end]))
    return generations


def decode(tokenizer: PreTrainedTokenizerBase, token_ids: list[int], start: str = "") -> str:
    """Token ids to text, as written: spaces before punctuation stay.

    Args:
        tokenizer: Of the model that wrote them.
        token_ids: Of an answer.
        start: White space that all answers start with; it is put back where the tokenizer drops it.

    Example:
        >>> from gner.testing import tiny_model
        >>> tokenizer = tiny_model("causal").tokenizer
        >>> ids = tokenizer("Ada(O) ,(O)", add_special_tokens=False)["input_ids"]
        >>> decode(tokenizer, [*ids, tokenizer.eos_token_id])
        'Ada(O) ,(O)'
    """
    text = str(tokenizer.decode(token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))
    return text if text.startswith(start) else start + text


def _until_end(tokens: list[int], end: int, limit: int, batch: Batch, row: int) -> list[int]:
    """Truncate what ``generate`` pads after the end of a row while others are longer."""
    tokens = tokens[:limit]
    if batch.stops_loops and not repeats_itself(batch.examples[batch.owners[row]]):
        tokens = tokens[: end_of_loop(tokens)]
    return tokens[: tokens.index(end) + 1] if end in tokens else tokens
