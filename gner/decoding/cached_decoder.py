"""A network's decoder with a KV cache for the rows of a batch, and with what its encoder made of their prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from gner.decoding.head import run_decoder
from gner.interfaces import Batch, Kind, kind_of


class CachedDecoder:
    """What `Verifier` and `BeamVerifier` have in common: their caches differ in what columns mean.

    Args:
        network: One of which `gner.decoding.forward_pass.why_no_drafts` says nothing.
        batch: R rows, of which A are still being written.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("seq2seq")
        >>> decoder = CachedDecoder(model.network, model.batch(make_examples()[:2]))
        >>> tokens = torch.zeros(2, 3, dtype=torch.long)
        >>> with torch.inference_mode():
        ...     states = decoder.decode({"decoder_input_ids": tokens})
        >>> tuple(states.shape)[:2], len(decoder.layers(crossed=True)) == len(decoder.layers(crossed=False))
        ((2, 3), True)
    """

    def __init__(self, network: PreTrainedModel, batch: Batch) -> None:
        self._network = network
        self._kind = kind_of(network.config)
        self._batch = batch
        self._prompt_mask = batch.prompt_mask
        self._encoded: Tensor | None = None
        self._cache: Any = DynamicCache()
        if self._kind is Kind.SEQ2SEQ:
            self._cache = EncoderDecoderCache(DynamicCache(), DynamicCache())

    def decode(self, inputs: Mapping[str, Any]) -> Tensor:
        """The decoder's states of tokens, (A, N, H); keys and values go into the cache.

        Args:
            inputs: Of the network's ``forward``, without the cache and what a seq2seq network needs of the prompts.
        """
        inputs = {**inputs, "past_key_values": self._cache, "use_cache": True}
        if self._kind is Kind.SEQ2SEQ:
            inputs["attention_mask"] = self._prompt_mask
            if self._encoded is None:  # the texts in the first pass, later what it made of them
                inputs["input_ids"] = self._batch.prompt_ids
            else:
                inputs["encoder_outputs"] = BaseModelOutput(last_hidden_state=self._encoded)
        states, output = run_decoder(self._network, inputs)
        if self._kind is Kind.SEQ2SEQ:
            self._encoded = output.encoder_last_hidden_state
        self._cache = output.past_key_values
        return states

    def layers(self, *, crossed: bool) -> list[Any]:
        """The cache's layers: of self-attention, or of attention to what an encoder read, if there is one."""
        if isinstance(self._cache, EncoderDecoderCache):
            return list((self._cache.cross_attention_cache if crossed else self._cache.self_attention_cache).layers)
        return [] if crossed else list(self._cache.layers)

    def keep_prompts(self, index: Tensor) -> None:
        """Go on with the prompts of some rows; of these all columns stay."""
        for layer in self.layers(crossed=True):
            layer.keys, layer.values = layer.keys[index], layer.values[index]
        self._encoded = None if self._encoded is None else self._encoded[index]
        self._prompt_mask = self._prompt_mask[index]


def pick_columns(part: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Some columns of some rows of keys or values.

    Args:
        part: Of shape (B, H, S, D).
        rows: Which, (A,) or (A, 1).
        columns: Of each of these rows, (A, C).

    Returns:
        Of shape (A, H, C, D).

    Example:
        >>> import torch
        >>> part = torch.arange(6.0).view(2, 1, 3, 1)
        >>> pick_columns(part, torch.tensor([1]), torch.tensor([[2, 0]])).flatten().tolist()
        [5.0, 3.0]
    """
    return part.transpose(1, 2)[rows.view(-1, 1), columns].transpose(1, 2)
