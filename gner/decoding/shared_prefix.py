"""Rows that begin with the same tokens: the network reads these once, and each row gets a copy of keys and values.

See docs/decisions/shared_prefix.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from gner.decoding.forward_pass import causal_inputs, is_sharded, why_no_drafts
from gner.decoding.prefix_store import LEAST_SAVED, PrefixStore, SharedPrefix, num_common
from gner.interfaces import Batch, Kind, kind_of


def shared_prefix(
    network: PreTrainedModel, batch: Batch, groups: Sequence[Hashable] | None = None, *, num_copies: int = 1
) -> SharedPrefix | None:
    """Read what the rows of each group begin with, if that is worth a pass.

    Args:
        network: Only a causal one is helped; it must take position ids and keep keys and values only, and must not be
            sharded, as processes whose batches share nothing would have to join in the pass.
        batch: R rows. Its ``prefixes``, if it has them, know what earlier batches began with.
        groups: For each row the group that it is of; by default its example.
        num_copies: How often each row is going to be read: beams.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> batch = model.batch(make_examples())
        >>> shared_prefix(model.network, batch) is None  # a row for each example
        True
        >>> with torch.inference_mode():
        ...     shared = shared_prefix(model.network, batch.repeated(4))
        >>> shared.num_columns == batch.prompt_ids.shape[1] - 1  # the last token is read for what comes next
        True
    """
    store = batch.prefixes if isinstance(batch.prefixes, PrefixStore) else None
    groups = batch.owners if groups is None else groups
    num_spared = batch.num_rows * num_copies - len(set(groups))
    if (store is None and not num_spared) or kind_of(network.config) is not Kind.CAUSAL:
        return None
    if is_sharded(network) or why_no_drafts(network) is not None:
        return None
    num_columns = _num_shared(batch, groups) if num_spared else 0
    if num_columns * num_spared >= LEAST_SAVED:
        return _read_groups(network, batch, groups, num_columns)
    return None if store is None else store.find(batch)


def _num_shared(batch: Batch, groups: Sequence[Hashable]) -> int:
    """Columns before which the rows of each group are the same; not the last one, whatever rows have in common."""
    width = batch.prompt_ids.shape[1]
    members: dict[Hashable, list[list[int]]] = {}
    for group, row, length in zip(groups, batch.prompt_ids.tolist(), batch.prompt_lengths, strict=True):
        members.setdefault(group, []).append(row[width - length :])
    # of rows in order, the first and the last have least in common
    own = [max(map(len, rows)) - num_common(min(rows), max(rows)) for rows in members.values()]
    return width - max(1, *own)


def _read_groups(network: PreTrainedModel, batch: Batch, groups: Sequence[Hashable], num_columns: int) -> SharedPrefix:
    """Read the first columns of the longest row of each group, for all rows of the group."""
    lengths, device = batch.prompt_lengths, batch.prompt_ids.device
    longest: dict[Hashable, int] = {}
    for row, group in enumerate(groups):
        if lengths[row] > lengths[longest.setdefault(group, row)]:
            longest[group] = row
    place = {group: at for at, group in enumerate(longest)}
    shifts = [lengths[longest[group]] - length for group, length in zip(groups, lengths, strict=True)]
    columns = torch.arange(num_columns, device=device) - torch.tensor(shifts, device=device).unsqueeze(1)
    layers = _read(network, batch, list(longest.values()), num_columns)
    places = torch.tensor([place[group] for group in groups], device=device)
    starts = [batch.prompt_ids.shape[1] - lengths[longest[group]] for group in groups]
    spans = [(start, num_columns - shift) for start, shift in zip(starts, shifts, strict=True)]
    # padding where columns were negative
    return SharedPrefix(num_columns, places, columns.clamp(min=0), layers, spans)


def _read(network: PreTrainedModel, batch: Batch, rows: list[int], num_columns: int) -> list[tuple[Tensor, Tensor]]:
    """Keys and values of the first columns of some rows, (G, H, S, D) for each layer."""
    cache: Any = DynamicCache()
    kept = batch.prefixes.find(batch, rows) if isinstance(batch.prefixes, PrefixStore) else None
    start = 0
    if kept is not None and kept.num_columns < num_columns:
        kept.fill(cache)
        start = kept.num_columns
    index = torch.tensor(rows, device=batch.prompt_ids.device)
    tokens, mask = batch.prompt_ids[index, start:num_columns], batch.prompt_mask[index, :num_columns]
    inputs = causal_inputs(network, tokens, mask, num_logits=1)
    cache = network(**inputs, past_key_values=cache, use_cache=True).past_key_values
    return [(layer.keys, layer.values) for layer in cache.layers]
