"""Beginnings of prompts that batch after batch has in common, with the keys and values that a network has for them.

See docs/decisions/shared_prefix.md.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from gner.decoding.cached_decoder import pick_columns
from gner.decoding.forward_pass import causal_inputs
from gner.decoding.token_store import Array, TokenStore
from gner.interfaces import Batch

LEAST_SAVED = 256
"""Tokens that must be saved in a batch, as one more pass has a price of its own."""
_LEAST_COMMON = 16
"""Tokens that a beginning must have to be kept for its own sake, when it has come before."""
_MOST_BYTES = 2**29
_MOST_KEPT = 32


@dataclass
class _Prefix:
    """A beginning: its T tokens, and keys and values of each layer, (H, T, D)."""

    tokens: list[int]
    layers: list[tuple[Tensor, Tensor]]

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.layers[0][0].device

    @property
    def num_bytes(self) -> int:
        """The memory that they take."""
        return sum(keys.nbytes + values.nbytes for keys, values in self.layers)


class SharedPrefix:
    """Keys and values of the first columns of a batch's prompts, of which several rows have the same.

    Prompts stay as they are: rows are padded on the left and split at one column, so a row whose own part is shorter
    than another's has some of what it shares after the split, where there would be padding otherwise. So no column is
    empty between two tokens, and a window of attention is as wide as without sharing.

    Args:
        num_columns: Where rows are split.
        groups: Which of G beginnings each row has, (R,).
        columns: What each column of a row is in its beginning, (R, num_columns); anything where there is padding.
        layers: Keys and values of the beginnings in each layer, (G, H, S, D).
        spans: Which columns of its beginning each row has all in all, some of them after the split; R pairs of the
            first one and the one after the last.

    Attributes:
        num_columns: Columns that need not be read again.

    Example:
        >>> keys = values = torch.arange(6.0).view(2, 1, 3, 1)
        >>> groups, columns, spans = torch.tensor([1, 0]), torch.tensor([[0, 1], [0, 0]]), [(0, 3), (0, 1)]
        >>> shared = SharedPrefix(2, groups, columns, [(keys, values)], spans)
        >>> shared.fill(DynamicCache()).layers[0].keys.flatten(1).tolist()
        [[3.0, 4.0], [0.0, 0.0]]
        >>> [slots.tolist() for slots in shared.put_into(TokenStore())]
        [[3, 4, 5], [0]]
    """

    def __init__(
        self,
        num_columns: int,
        groups: Tensor,
        columns: Tensor,
        layers: Sequence[tuple[Tensor, Tensor]],
        spans: Sequence[tuple[int, int]],
    ) -> None:
        self.num_columns = num_columns
        self._groups = groups
        self._columns = columns
        self._layers = layers
        self._spans = spans

    def put_into(self, store: TokenStore) -> list[Array]:
        """Put all beginnings into a store.

        Args:
            store: An empty one.

        Returns:
            For each of R rows the slots of those of its first tokens that are known, in order.
        """
        for layer, (keys, values) in enumerate(self._layers):
            store.put(layer, keys.transpose(1, 2).flatten(0, 1), values.transpose(1, 2).flatten(0, 1))
        num_groups, width = self._layers[0][0].shape[0], self._layers[0][0].shape[2]
        store.grow(num_groups * width)
        pairs = zip(self._groups.tolist(), self._spans, strict=True)
        return [np.arange(group * width + start, group * width + end) for group, (start, end) in pairs]

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
        groups = groups.repeat_interleave(num_copies)
        columns = columns.repeat_interleave(num_copies, dim=0)
        for layer, parts in enumerate(self._layers):
            keys, values = (pick_columns(part, groups, columns) for part in parts)
            cache.update(keys, values, layer)
        return cache


class PrefixStore:
    """Keeps keys and values of the beginnings of prompts, for as long as a network's weights stay the same.

    The prompts of a format begin with an instruction and the types of the example. They are read once for each list of
    types: in the first batch where that saves something, or when they come a second time. Rows of a batch need not
    begin alike, nor do the beginnings need to be as long as each other.

    Args:
        network: A causal network of which `gner.decoding.forward_pass.why_no_drafts` says nothing, not sharded.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> from gner.testing import make_examples, tiny_model
        >>> model, examples = tiny_model("causal", format=GnerFormat()), make_examples()
        >>> store, first, second = PrefixStore(model.network), model.batch(examples[:1]), model.batch(examples[1:2])
        >>> with torch.inference_mode():
        ...     print(store.find(first))  # whether others will begin alike is not known yet
        ...     kept = store.find(second)
        None
        >>> model.tokenizer.decode(second.prompt_ids[0, kept.num_columns :]).strip()
        'nothing [/INST]'
    """

    def __init__(self, network: PreTrainedModel) -> None:
        self._network = network
        self._kept: tuple[_Prefix, ...] = ()  # those that were used last first
        self._seen: OrderedDict[Hashable, list[int]] = OrderedDict()  # the latest prompt for each list of types

    def find(self, batch: Batch, rows: Sequence[int] | None = None) -> SharedPrefix | None:
        """The columns of a batch that need not be read, or None if there are none.

        Args:
            batch: R rows, padded on the left.
            rows: Those that are asked about; None for all R.
        """
        rows = range(batch.num_rows) if rows is None else rows
        padded, width = batch.prompt_ids.tolist(), batch.prompt_ids.shape[1]
        prompts = [padded[row][width - batch.prompt_lengths[row] :] for row in rows]
        kinds = [batch.examples[batch.owners[row]].types for row in rows]
        device = batch.prompt_ids.device
        kept = self._learn([prefix for prefix in self._kept if prefix.device == device], prompts, kinds, device)
        found = [_best(kept, prompt) for prompt in prompts]
        self._keep(kept, {prefix for prefix, _ in found})
        return _columns(kept, found, [width - len(prompt) for prompt in prompts], device) if kept else None

    def _learn(
        self, kept: list[_Prefix], prompts: Sequence[list[int]], kinds: Sequence[Hashable], device: torch.device
    ) -> list[_Prefix]:
        """What is kept, and what prompts of a kind begin with where it is worth being read."""
        groups: dict[Hashable, list[list[int]]] = {}
        for kind, prompt in zip(kinds, prompts, strict=True):
            groups.setdefault(kind, []).append(prompt)
        for kind, members in groups.items():
            before = self._seen.pop(kind, None)
            known = members if before is None else [*members, before]
            common = num_common(min(known), max(known))  # of those in order, the first and the last have least
            gain = common - min(_best(kept, prompt)[1] for prompt in members)
            is_expected = before is not None and gain >= _LEAST_COMMON
            if is_expected or gain * (len(members) - 1) >= LEAST_SAVED:
                new = self._read(members[0][:common], device)
                kept = [prefix for prefix in kept if num_common(prefix.tokens, new.tokens) < len(prefix.tokens)]
                kept.append(new)
            self._seen[kind] = members[0]
        return kept

    def _read(self, tokens: list[int], device: torch.device) -> _Prefix:
        ids = torch.tensor([tokens], device=device)
        inputs = causal_inputs(self._network, ids, torch.ones_like(ids), num_logits=1)
        cache: Any = self._network(**inputs, past_key_values=DynamicCache(), use_cache=True).past_key_values
        return _Prefix(tokens, [(layer.keys[0], layer.values[0]) for layer in cache.layers])

    def _keep(self, prefixes: Sequence[_Prefix], used: Collection[int]) -> None:
        """Keep as many as there is room for, first those that were just used, then those that were used last."""
        order = [prefixes[at] for at in range(len(prefixes)) if at in used]
        order += [prefixes[at] for at in range(len(prefixes)) if at not in used]
        sizes = accumulate(prefix.num_bytes for prefix in order)
        num_kept = max(1, sum(size <= _MOST_BYTES for size in sizes))
        self._kept = tuple(order[: min(num_kept, _MOST_KEPT)])
        while len(self._seen) > _MOST_KEPT:
            self._seen.popitem(last=False)


def _best(kept: Sequence[_Prefix], prompt: list[int]) -> tuple[int, int]:
    """Which of those that are kept a prompt has most of, and how many tokens; the last token is always read."""
    sizes = [min(num_common(prefix.tokens, prompt), len(prompt) - 1) for prefix in kept]
    best = max(range(len(sizes)), key=sizes.__getitem__, default=-1)
    return best, sizes[best] if sizes else 0


def _columns(
    kept: Sequence[_Prefix], found: Sequence[tuple[int, int]], starts: Sequence[int], device: torch.device
) -> SharedPrefix | None:
    """The columns before which all rows are known, given what `_best` found for them and where they start."""
    num_columns = min(start + size for start, (_, size) in zip(starts, found, strict=True))
    if num_columns <= 0:
        return None
    used = sorted({prefix for prefix, _ in found})
    groups = torch.tensor([used.index(prefix) for prefix, _ in found], device=device)
    columns = torch.arange(num_columns, device=device) - torch.tensor(starts, device=device).unsqueeze(1)
    layers = _stacked([kept[prefix] for prefix in used])
    return SharedPrefix(num_columns, groups, columns.clamp(min=0), layers, [(0, size) for _, size in found])


def num_common(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the longest common prefix.

    Example:
        >>> num_common([7, 8, 9], [7, 8, 10, 11]), num_common([7], [7, 8])
        (2, 1)
    """
    low, high = 0, min(len(one), len(other))
    while low < high:  # slices are compared a hundred times as fast as single tokens
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _stacked(prefixes: Sequence[_Prefix]) -> list[tuple[Tensor, Tensor]]:
    """Keys and values of some beginnings, the shorter ones with zeros after them, (G, H, S, D) for each layer."""
    longest = max(len(prefix.tokens) for prefix in prefixes)

    def stack(parts: Sequence[Tensor]) -> Tensor:
        """One tensor of several (H, T, D)."""
        return torch.stack([torch.nn.functional.pad(part, (0, 0, 0, longest - part.shape[1])) for part in parts])

    of_layers = zip(*(prefix.layers for prefix in prefixes), strict=True)
    return [(stack([keys for keys, _ in layer]), stack([values for _, values in layer])) for layer in of_layers]
