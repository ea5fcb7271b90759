"""Teacher-forced log-probabilities of given answers, with a KV cache.

See docs/decisions/constrained.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer
from transformers.modeling_outputs import BaseModelOutput

from gner.decoding.forward_pass import causal_inputs, keeps_keys_and_values_only, takes
from gner.decoding.head import log_probs_of, run_decoder
from gner.decoding.shared_prefix import num_common, shared_prefix
from gner.interfaces import Batch, Kind, kind_of

_KeysAndValues = list[tuple[Tensor, Tensor]]


class AnswerReader:
    """Reads answers to the prompts of a batch, several tokens of several answers in one forward pass.

    Keys and values are kept of the prompts, once an answer to each of them was read in order, and of as many first
    tokens of the answers as are settled for all examples. As that is the same number for all, it does not matter how a
    network counts positions. One whose cache is not a plain list of keys and values reads everything each time.

    Args:
        network: A seq2seq or causal one.
        batch: B prompts.

    Attributes:
        num_passes: Forward passes over answers.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> reader = AnswerReader(model.network, model.batch(make_examples()[:1]))
        >>> with torch.inference_mode():
        ...     [[of_last]] = reader.log_probs([0], [[5, 6, 7]], [[[7, 8]]])  # of 7 and 8, after 5 and 6
        >>> len(of_last), reader.num_passes
        (2, 1)
    """

    def __init__(self, network: PreTrainedModel, batch: Batch) -> None:
        self._network = network
        self._batch = batch
        self._kind = kind_of(network.config)
        self._takes_cache = takes(network, "past_key_values") and keeps_keys_and_values_only(network)
        self._shared = shared_prefix(network, batch)
        self._num_before = 0 if self._kind is Kind.SEQ2SEQ else batch.prompt_ids.shape[1] - 1  # columns before answers
        self._encoded: Tensor | None = None
        self._prompts: _KeysAndValues | None = None  # a seq2seq network's, for all examples
        self._kept: _KeysAndValues | None = None
        self._kept_rows: list[int] = []  # whose they are
        self._num_kept = 0  # columns of answers, of which the first is the token before them
        self._last: _KeysAndValues | None = None
        self._last_rows: list[int] = []
        self._last_answers: list[Sequence[int]] = []
        self.num_passes = 0

    def log_probs(
        self, rows: Sequence[int], answers: Sequence[Sequence[int]], asked: Sequence[Sequence[Collection[int]]]
    ) -> list[list[list[float]]]:
        """How probable tokens are in the last places of some answers.

        Args:
            rows: Whose answers they are, R places in the batch.
            answers: Token ids of R answers.
            asked: Tokens that are asked for in each of the last places of each answer.

        Returns:
            Log-probabilities, given the prompt and the answer before the place, in the order of ``asked``.
        """
        states = self._states(rows, answers)  # (R, T + 1 - kept, H)
        wanted: list[tuple[int, int]] = []  # rows, and places in them
        for row, (answer, places) in enumerate(zip(answers, asked, strict=True)):
            start = len(answer) - len(places) - self._num_kept
            wanted += [(row, at) for at in range(start, start + len(places))]
        row_index, place = torch.tensor(wanted, device=states.device).unbind(1)
        values = iter(log_probs_of(self._network, states[row_index, place], list(chain.from_iterable(asked))))
        return [list(islice(values, len(of_row))) for of_row in asked]

    def settle(self, answers: Mapping[int, Sequence[int]]) -> None:
        """Keep what later answers begin with.

        Args:
            answers: For each example that will be asked for again, by its place in the batch, the tokens that all its
                later answers begin with.
        """
        if self._last is None or not answers:
            return
        # of the answers of a row that were read, the one that shares most with what is settled
        found = {row: (-1, 0) for row in answers}
        for at, (row, answer) in enumerate(zip(self._last_rows, self._last_answers, strict=True)):
            if row in answers:
                found[row] = max(found[row], (num_common(answers[row], answer), at))
        # the same number of columns is kept for all rows, so that positions need not be known
        num_kept = min(common for common, _ in found.values())
        if num_kept < self._num_kept or num_kept < 0:
            return
        index = torch.tensor([at for _, at in found.values()], device=self._batch.prompt_ids.device)
        end = self._num_before + num_kept
        self._kept = [(keys[index, :, :end], values[index, :, :end]) for keys, values in self._last]
        self._kept_rows, self._num_kept = list(found), num_kept

    def idle(self) -> None:
        """Run the network for nothing, as other processes need its weights."""
        row = self._kept_rows[0] if self._kept_rows else 0
        self.log_probs([row], [[0] * (self._num_kept + 1)], [[[0]]])

    def _states(self, rows: Sequence[int], answers: Sequence[Sequence[int]]) -> Tensor:
        """The decoder's states before the places of R answers that are not kept, and after, (R, T + 1 - kept, H).

        Numbers after the end of a shorter answer mean nothing.
        """
        device = self._batch.prompt_ids.device
        tokens, mask = self._padded(answers)
        index = torch.tensor(list(rows), dtype=torch.long, device=device)
        self.num_passes += 1
        kept = None
        if self._kept is not None:
            place = {row: at for at, row in enumerate(self._kept_rows)}
            kept = _cache(self._kept, torch.tensor([place[row] for row in rows], device=device))
        if self._kind is Kind.SEQ2SEQ:
            states, output = self._decode(index, tokens, kept)
            self._last = _plain(getattr(output.past_key_values, "self_attention_cache", None))
        else:
            states, output = self._continue(index, tokens, mask, kept)
            self._last = _plain(getattr(output, "past_key_values", None))
        self._last_rows, self._last_answers = list(rows), list(answers)
        return states[:, self._num_kept - tokens.shape[1] - 1 :]

    def _padded(self, answers: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Token ids and mask of R answers, padded on the right, (R, T) each."""
        device = self._batch.prompt_ids.device
        length = max(map(len, answers))
        pad = self._network.config.pad_token_id or 0
        padded = [[*answer, *[pad] * (length - len(answer))] for answer in answers]
        there = [[1] * len(answer) + [0] * (length - len(answer)) for answer in answers]
        tokens = torch.tensor(padded, dtype=torch.long, device=device).view(len(answers), length)
        mask = torch.tensor(there, dtype=self._batch.prompt_mask.dtype, device=device).view(len(answers), length)
        return tokens, mask

    def _decode(self, index: Tensor, tokens: Tensor, kept: DynamicCache | None) -> tuple[Tensor, Any]:
        start = torch.full_like(index, self._network.config.decoder_start_token_id).unsqueeze(1)
        written = torch.cat([start, tokens], 1)[:, self._num_kept :]
        inputs: dict[str, Any] = {"decoder_input_ids": written, "use_cache": True}
        inputs["attention_mask"] = self._batch.prompt_mask[index]
        if self._encoded is None:
            inputs["input_ids"] = self._batch.prompt_ids[index]
        else:
            inputs["encoder_outputs"] = BaseModelOutput(last_hidden_state=self._encoded[index])
            if self._prompts is not None:
                inputs["past_key_values"] = EncoderDecoderCache(kept or DynamicCache(), _cache(self._prompts, index))
        states, output = run_decoder(self._network, inputs)
        if self._encoded is None and index.tolist() == list(range(self._batch.num_rows)):
            self._encoded = output.encoder_last_hidden_state
            self._prompts = _plain(getattr(output.past_key_values, "cross_attention_cache", None))
        return states, output

    def _continue(self, index: Tensor, tokens: Tensor, mask: Tensor, kept: DynamicCache | None) -> tuple[Tensor, Any]:
        """The last token of a prompt is read as the one before an answer, whose first token it predicts."""
        num_read = 0 if kept is None else self._num_before + self._num_kept
        if kept is None and self._shared is not None:
            kept, num_read = self._shared.fill(DynamicCache(), index), self._shared.num_columns
        whole = torch.cat([self._batch.prompt_ids[index], tokens], 1)
        mask = torch.cat([self._batch.prompt_mask[index], mask], 1)
        inputs = causal_inputs(self._network, whole[:, num_read:], mask, num_logits=1)
        if self._takes_cache:
            inputs["past_key_values"] = kept or DynamicCache()
        return run_decoder(self._network, {**inputs, "use_cache": True})


def _plain(cache: Any) -> _KeysAndValues | None:
    """Keys and values of all columns, (B, H, S, D) for each layer, or None if the cache holds anything else."""
    if not isinstance(cache, DynamicCache) or any(type(layer) is not DynamicLayer for layer in cache.layers):
        return None
    layers: list[Any] = cache.layers
    return [(layer.keys, layer.values) for layer in layers]


def _cache(parts: _KeysAndValues, rows: Tensor) -> DynamicCache:
    cache = DynamicCache()
    for layer, (keys, values) in enumerate(parts):
        cache.update(keys[rows], values[rows], layer)
    return cache
