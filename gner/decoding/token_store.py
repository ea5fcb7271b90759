"""Keys and values of tokens in no order, so that rows name the tokens that they see, and many can name the same.

The idea is that of PagedAttention (Kwon et al., 2023, arXiv 2309.06180), with pages of one token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray[Any, Any]

_LEAST_SLOTS = 1024


class TokenStore:
    """Holds keys and values of each layer, one slot for each token.

    Slots are given in the order in which tokens are put in, the same in all layers.

    Attributes:
        num_slots: How many are used; what `put` adds counts after `grow`.

    Example:
        >>> store = TokenStore()
        >>> keys = values = torch.arange(6.0).view(3, 1, 2)
        >>> _ = store.put(0, keys, values)
        >>> store.grow(3)
        >>> store.of([2, 0]).keys(0).flatten().tolist()
        [4.0, 5.0, 0.0, 1.0]
    """

    def __init__(self) -> None:
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}  # (slots with room for more, H, D)
        self.num_slots = 0

    def keys(self, layer: int) -> Tensor:
        """Keys of a layer, (S, H, D)."""
        return self._layers[layer][0][: self.num_slots]

    def put(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Put those of N tokens into the next slots of a layer, (N, H, D) each.

        Returns:
            All keys and all values of the layer, (S + N, H, D) each.
        """
        before = self._layers.get(layer, (keys[:0], values[:0]))
        self._layers[layer] = self._with(before[0], keys), self._with(before[1], values)
        end = self.num_slots + len(keys)
        return self._layers[layer][0][:end], self._layers[layer][1][:end]

    def _with(self, kept: Tensor, new: Tensor) -> Tensor:
        """What is kept and has room, or else a copy that has, with new tokens in the next slots."""
        end = self.num_slots + len(new)
        if len(kept) < end:
            wider = new.new_empty(max(end, 2 * len(kept)), *new.shape[1:])
            wider[: self.num_slots] = kept[: self.num_slots]
            kept = wider
        kept[self.num_slots : end] = new
        return kept

    def grow(self, num_tokens: int) -> None:
        """Count what was put into every layer."""
        self.num_slots += num_tokens

    def of(self, slots: Sequence[int] | Array) -> TokenStore:
        """Another one with what is in some slots, in this order."""
        other = TokenStore()
        for layer, (keys, values) in self._layers.items():
            index = torch.as_tensor(slots, dtype=torch.long, device=keys.device)
            other._layers[layer] = (keys[index], values[index])
        other.grow(len(slots))
        return other

    def append(self, other: TokenStore) -> None:
        """Take in all of another, after what is here."""
        for layer, (keys, values) in other._layers.items():
            self.put(layer, keys[: other.num_slots], values[: other.num_slots])
        self.grow(other.num_slots)


def is_wasteful(store: TokenStore, num_live: int) -> bool:
    """Whether it is worth a copy to drop what no row sees any more, given how many slots are seen.

    Example:
        >>> is_wasteful(TokenStore(), 0)  # few tokens are not
        False
    """
    return store.num_slots > max(_LEAST_SLOTS, 2 * num_live)
