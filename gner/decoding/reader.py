"""What a network makes of answers that somebody else wrote."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer
from transformers.modeling_outputs import BaseModelOutput

from gner.decoding.passes import takes
from gner.types import Batch

_KeysAndValues = list[tuple[Tensor, Tensor]]


class AnswerReader:
    """Reads answers to the prompts of a batch, several tokens of several answers in one forward pass.

    The prompts themselves are read once, in the first pass over an answer to each of them in order; answers are read
    from their start each time. So what is kept does not depend on how a network counts positions, and any will do; one
    whose cache is not a plain list of keys and values reads its prompts each time.

    Args:
        network: A seq2seq or causal one.
        batch: B prompts.

    Attributes:
        num_passes: Forward passes over answers.
    """

    def __init__(self, network: PreTrainedModel, batch: Batch) -> None:
        self._network = network
        self._batch = batch
        self._is_encoder_decoder = bool(network.config.is_encoder_decoder)
        self._prompts: _KeysAndValues | None = None
        self._encoded: Tensor | None = None
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
        logits = self._logits(rows, answers).float()  # (R, T + 1, V)
        places = [(row, len(answers[row]) - len(asked[row])) for row in range(len(rows))]
        flat = [
            (row, first + at, token)
            for row, first in places
            for at, tokens in enumerate(asked[row])
            for token in tokens
        ]
        row, place, token = torch.tensor(flat, device=logits.device).unbind(1)
        values = iter((logits[row, place, token] - logits.logsumexp(-1)[row, place]).tolist())
        return [[list(islice(values, len(tokens))) for tokens in of_row] for of_row in asked]

    def idle(self) -> None:
        """Run the network for nothing, as other processes need its weights."""
        self._logits([0], [[]])

    def _logits(self, rows: Sequence[int], answers: Sequence[Sequence[int]]) -> Tensor:
        """What the network predicts at each place of R answers and behind them, (R, T + 1, V).

        What stands behind the end of a shorter answer means nothing.
        """
        device = self._batch.prompt_ids.device
        length = max(map(len, answers))
        pad = self._network.config.pad_token_id or 0
        padded = [[*answer, *[pad] * (length - len(answer))] for answer in answers]
        tokens = torch.tensor(padded, dtype=torch.long, device=device).view(len(answers), length)  # (R, T)
        index = torch.tensor(list(rows), dtype=torch.long, device=device)
        self.num_passes += 1
        if self._is_encoder_decoder:
            return self._decode(index, tokens)
        there = [[1] * len(answer) + [0] * (length - len(answer)) for answer in answers]
        mask = torch.tensor(there, dtype=self._batch.prompt_mask.dtype, device=device).view(len(answers), length)
        return self._go_on(index, tokens, mask)

    def _decode(self, index: Tensor, tokens: Tensor) -> Tensor:
        start = torch.full_like(index, self._network.config.decoder_start_token_id).unsqueeze(1)
        inputs: dict[str, Any] = {"decoder_input_ids": torch.cat([start, tokens], 1), "use_cache": True}
        inputs["attention_mask"] = self._batch.prompt_mask[index]
        if self._encoded is None:
            inputs["input_ids"] = self._batch.prompt_ids[index]
        else:
            inputs["encoder_outputs"] = BaseModelOutput(last_hidden_state=self._encoded[index])
            if self._prompts is not None:
                inputs["past_key_values"] = EncoderDecoderCache(DynamicCache(), _cache(self._prompts, index))
        output = self._network(**inputs)
        if self._encoded is None and self._are_all(index):
            self._encoded = output.encoder_last_hidden_state
            self._prompts = _plain(getattr(output.past_key_values, "cross_attention_cache", None))
        return output.logits

    def _go_on(self, index: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
        """The last token of a prompt is read with every answer, as it predicts the first token of one."""
        prompt = self._batch.prompt_ids[index]
        mask = torch.cat([self._batch.prompt_mask[index], mask], 1)
        num_read = 0 if self._prompts is None else prompt.shape[1] - 1
        inputs: dict[str, Any] = {"input_ids": torch.cat([prompt[:, num_read:], tokens], 1), "attention_mask": mask}
        inputs["use_cache"] = True
        if self._prompts is not None:
            inputs["past_key_values"] = _cache(self._prompts, index)
        if takes(self._network, "position_ids"):  # left padding: the first token of a row is at position 0
            inputs["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)[:, num_read:]
        if takes(self._network, "logits_to_keep"):
            inputs["logits_to_keep"] = tokens.shape[1] + 1
        output = self._network(**inputs)
        if self._prompts is None and self._are_all(index):
            self._prompts = _plain(getattr(output, "past_key_values", None), prompt.shape[1] - 1)
        return output.logits[:, -tokens.shape[1] - 1 :]

    def _are_all(self, index: Tensor) -> bool:
        return index.tolist() == list(range(len(self._batch)))


def _plain(cache: Any, num_columns: int | None = None) -> _KeysAndValues | None:
    """Keys and values of the first columns, (B, H, S, D) for each layer, or None if the cache holds anything else."""
    if not isinstance(cache, DynamicCache) or any(type(layer) is not DynamicLayer for layer in cache.layers):
        return None
    layers: list[Any] = cache.layers
    return [(layer.keys[:, :, :num_columns], layer.values[:, :, :num_columns]) for layer in layers]


def _cache(parts: _KeysAndValues, rows: Tensor) -> DynamicCache:
    cache = DynamicCache()
    for layer, (keys, values) in enumerate(parts):
        cache.update(keys[rows], values[rows], layer)
    return cache
