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
from gner.interfaces import Batch, Kind, kind_of

LEAST_SAVED = 256
"""Tokens that must be saved, as one more pass has a price of its own."""


class SharedPrefix:
    """Keys and values of the first columns of a batch's prompts, read once for each group of rows.

    Prompts stay as they are: rows are padded on the left and split at one column, so a row whose own part is shorter
    than another's has some of what it shares after the split, where there would be padding otherwise. So no column is
    empty between two tokens, and a window of attention is as wide as without sharing.

    Args:
        network: One that `shared_prefix` finds fit.
        batch: R rows, padded on the left.
        groups: For each row the group that it is of; a group's rows are the same before the split.
        num_columns: Where rows are split.

    Attributes:
        num_columns: Columns that need not be read again.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> batch = model.batch(make_examples()[:1]).repeated(3)
        >>> with torch.inference_mode():
        ...     shared = SharedPrefix(model.network, batch, groups=[0, 0, 0], num_columns=8)
        ...     cache = shared.fill(DynamicCache())
        >>> cache.get_seq_length(), len(cache.layers[0].keys)
        (8, 3)
    """

    def __init__(self, network: PreTrainedModel, batch: Batch, groups: Sequence[Hashable], num_columns: int) -> None:
        lengths, device = batch.prompt_lengths, batch.prompt_ids.device
        longest: dict[Hashable, int] = {}  # the row of each group that is read
        for row, group in enumerate(groups):
            if lengths[row] > lengths[longest.setdefault(group, row)]:
                longest[group] = row
        place = {group: at for at, group in enumerate(longest)}
        shifts = [lengths[longest[group]] - length for group, length in zip(groups, lengths, strict=True)]
        columns = torch.arange(num_columns, device=device) - torch.tensor(shifts, device=device).unsqueeze(1)
        self.num_columns = num_columns
        self._groups = torch.tensor([place[group] for group in groups], device=device)  # (R,)
        self._columns = columns.clamp(min=0)  # (R, num_columns), padding where it was negative
        self._layers = _read(network, batch, list(longest.values()), num_columns)

    def fill(self, cache: DynamicCache, rows: Tensor | None = None, *, num_copies: int = 1) -> DynamicCache:
        """Put keys and values into an empty cache.

        Args:
            cache: Of a kind that the network takes.
            rows: Whose they are; None for all R.
            num_copies: How often each row comes, one copy after the other.
        """
        groups, columns = self._groups, self._columns
        if rows is not None:
            groups, columns = groups[rows], columns[rows]
        groups = groups.repeat_interleave(num_copies).unsqueeze(1)
        columns = columns.repeat_interleave(num_copies, dim=0)
        for layer, parts in enumerate(self._layers):
            # (G, H, S, D) to (B, H, num_columns, D)
            keys, values = (part.transpose(1, 2)[groups, columns].transpose(1, 2) for part in parts)
            cache.update(keys, values, layer)
        return cache


def shared_prefix(
    network: PreTrainedModel, batch: Batch, groups: Sequence[Hashable] | None = None, *, num_copies: int = 1
) -> SharedPrefix | None:
    """Read what the rows of each group begin with, if that is worth a pass.

    Args:
        network: Only a causal one is helped; it must take position ids and keep keys and values only, and must not be
            sharded, as processes whose batches share nothing would have to join in the pass.
        batch: R rows.
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
    groups = batch.owners if groups is None else groups
    num_spared = batch.num_rows * num_copies - len(set(groups))
    if not num_spared or kind_of(network.config) is not Kind.CAUSAL:
        return None
    if is_sharded(network) or why_no_drafts(network) is not None:
        return None
    num_columns = _num_shared(batch, groups)
    if num_columns * num_spared < LEAST_SAVED:
        return None
    return SharedPrefix(network, batch, groups, num_columns)


def num_common(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the longest common prefix.

    Example:
        >>> num_common([7, 8, 9], [7, 8, 10, 11]), num_common([7], [7, 8])
        (2, 1)
    """
    for place, (token, another) in enumerate(zip(one, other, strict=False)):
        if token != another:
            return place
    return min(len(one), len(other))


def _num_shared(batch: Batch, groups: Sequence[Hashable]) -> int:
    """Columns before which the rows of each group are the same; not the last one, whatever rows have in common."""
    width = batch.prompt_ids.shape[1]
    members: dict[Hashable, list[list[int]]] = {}
    for group, row, length in zip(groups, batch.prompt_ids.tolist(), batch.prompt_lengths, strict=True):
        members.setdefault(group, []).append(row[width - length :])
    # of rows in order, the first and the last have least in common
    own = [max(map(len, rows)) - num_common(min(rows), max(rows)) for rows in members.values()]
    return width - max(1, *own)


def _read(network: PreTrainedModel, batch: Batch, rows: list[int], num_columns: int) -> list[tuple[Tensor, Tensor]]:
    """Keys and values of the first columns of some rows, (G, H, S, D) for each layer."""
    index = torch.tensor(rows, device=batch.prompt_ids.device)
    tokens, mask = batch.prompt_ids[index, :num_columns], batch.prompt_mask[index, :num_columns]
    inputs = causal_inputs(network, tokens, mask, num_logits=1)
    cache: Any = network(**inputs, past_key_values=DynamicCache(), use_cache=True).past_key_values
    return [(layer.keys, layer.values) for layer in cache.layers]
