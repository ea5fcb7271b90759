"""Rows of different lengths in one pass without padding: only attention sees them apart.

All tokens of a pass are one sequence, so that everything that a network does to each token is done to no padding.
Transformers calls the function that is named in a network's configuration for attention; here it is one that finds
the keys of each row in a `TokenStore`. See docs/decisions/packed_decoding.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from gner.decoding.shared_prefix import shared_prefix
from gner.decoding.token_masks import why_no_pairs, window_of
from gner.decoding.token_store import Array, TokenStore
from gner.interfaces import Batch, Kind, kind_of

_NAME = "gner_packed"
_REPLACED = "sdpa"
_current = local()


def why_no_packing(network: PreTrainedModel) -> str | None:
    """Why rows of different lengths cannot be one sequence, or None if they can.

    Example:
        >>> from gner.testing import tiny_model
        >>> print(why_no_packing(tiny_model("causal").network))
        None
        >>> why_no_packing(tiny_model("seq2seq").network)
        'it has an encoder'
    """
    if kind_of(network.config) is not Kind.CAUSAL:
        return "it has an encoder"
    config = network.config.get_text_config(decoder=True)
    if config._attn_implementation != _REPLACED or not getattr(network, "_supports_attention_backend", False):
        return f"its attention is not Transformers' `{_REPLACED}`"
    if getattr(config, "kv_lora_rank", None) is not None:  # multi-head latent attention
        return "its cache holds something else than the keys and values of attention"
    return why_no_pairs(network)


class PackedPass:
    """Which tokens of a pass are whose, and what each sees.

    Args:
        store: Keys and values of earlier tokens; gets those of new ones.
        slots: For each of A rows, where the tokens before the new ones are in it, in order.
        sizes: How many new tokens each row has, one at least.
        device: Of the network.

    Attributes:
        num_tokens: New ones of all rows, N.
    """

    def __init__(self, store: TokenStore, slots: Sequence[Array], sizes: Sequence[int], device: torch.device) -> None:
        self.num_tokens = sum(sizes)
        self._store = store
        self._device = device
        before, new = np.array([len(own) for own in slots]), np.array(sizes)
        rows = np.repeat(np.arange(len(new)), new)  # of each token
        within = np.arange(self.num_tokens) - np.repeat(np.cumsum(new) - new, new)  # its place among its row's new ones
        keys = np.zeros((len(new), int((before + new).max())), dtype=np.int64)
        for row, own in enumerate(slots):
            keys[row, : len(own)] = own
        keys[rows, before[rows] + within] = store.num_slots + np.arange(self.num_tokens)
        queries = np.zeros((len(new), int(new.max())), dtype=np.int64)
        queries[rows, within] = np.arange(self.num_tokens)
        self.positions = self._tensor(before[rows] + within).unsqueeze(0)
        self._keys, self._queries = self._tensor(keys), self._tensor(queries)
        self._places = self._tensor(rows * queries.shape[1] + within)
        self._before = before
        self._seen: dict[int | None, Tensor] = {}

    def _tensor(self, numbers: Array) -> Tensor:
        return torch.from_numpy(numbers).to(self._device)

    def _mask(self, window: int | None) -> Tensor:
        """Which keys of its row each query sees, (A, 1, longest, S), in layers with a window or without.

        What is in the place of shorter rows' queries sees something too, so that no number is undefined.
        """
        if window not in self._seen:
            last = self._before[:, None, None] + np.arange(self._queries.shape[1])[:, None]
            places = np.arange(self._keys.shape[1])
            seen = (places <= last) & (places > last - (window or self._keys.shape[1]))
            self._seen[window] = self._tensor(seen).unsqueeze(1)
        return self._seen[window]

    def attend(self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, **options: Any) -> Tensor:
        """What a layer's attention gives for N tokens, (1, N, H, D).

        Args:
            module: The layer's attention.
            query: Of the tokens, (1, H, N, D).
            key: Of the same, of as many heads as there are for keys.
            value: Of the same.
            options: What the network tells the function of its attention.
        """
        layer: Any = module.layer_idx
        keys, values = self._store.put(layer, key[0].transpose(0, 1), value[0].transpose(0, 1))
        asking = _picked(query[0].transpose(0, 1), self._queries)
        seen = self._mask(window_of(self._config, layer))
        found, _ = sdpa_attention_forward(
            module, asking, _picked(keys, self._keys), _picked(values, self._keys), seen, **options
        )
        return found.flatten(0, 1).index_select(0, self._places).unsqueeze(0)

    @contextmanager
    def attended(self, network: PreTrainedModel) -> Iterator[None]:
        """Have a network read the tokens of all rows as one sequence, and keep their keys and values."""
        config = self._config = network.config.get_text_config(decoder=True)
        _current.running = self
        config._attn_implementation = _NAME
        try:
            yield
        finally:
            config._attn_implementation = _REPLACED
            del _current.running
        self._store.grow(self.num_tokens)


def known_prompts(network: PreTrainedModel, batch: Batch, store: TokenStore) -> list[tuple[Array, list[int]]]:
    """Put what the prompts of a batch begin with into a store, as far as it is known or worth a pass.

    Args:
        network: One of which `why_no_packing` says nothing.
        batch: R rows.
        store: An empty one.

    Returns:
        For each row the slots of its first tokens, and its other tokens, one at least.
    """
    width, prompts = batch.prompt_ids.shape[1], batch.prompt_ids.tolist()
    shared = shared_prefix(network, batch)
    known = [np.zeros(0, dtype=np.int64)] * batch.num_rows if shared is None else shared.put_into(store)
    rows = zip(prompts, batch.prompt_lengths, known, strict=True)
    return [(own, prompt[width - length + len(own) :]) for prompt, length, own in rows]


def _picked(parts: Tensor, index: Tensor) -> Tensor:
    """Of tokens, (N, H, D), those of each row, whose places are (A, S); (A, H, S, D)."""
    return parts.index_select(0, index.flatten()).unflatten(0, index.shape).transpose(1, 2)


@torch.compiler.disable  # rows differ from pass to pass
def _attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: None, **options: Any
) -> tuple[Tensor, None]:
    """The function that Transformers calls."""
    running: PackedPass = _current.running
    return running.attend(module, query, key, value, **options), None


AttentionInterface.register(_NAME, _attend)
