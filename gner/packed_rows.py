"""Sequences that begin alike, laid out as one, so that their shared beginning is read once."""

from __future__ import annotations

from copy import copy

import torch
from torch import Tensor, device

PADDING = -1
"""Segment of a token that belongs to no sequence."""

SHARED = 0
"""Segment of a token that all sequences of a bin begin with."""


class PackedRows:
    """Sequences in bins: each bin is the shared beginning, and sequences without it one after the other.

    A token sees the tokens before it in its own sequence, at the positions that they have there, so a network computes
    the same as for separate sequences. That is exact for causal networks only.

    Args:
        input_ids: Tokens, shape (B, L).
        position_ids: Place of each token in its own sequence, (B, L).
        segments: Which sequence of its bin a token is of, from 1; `SHARED` for the beginning of all, `PADDING` for
            none; (B, L).
        targets: The token that is to come next, -100 where nothing is learned, (B, L).

    Example:
        >>> tokens = torch.tensor([[7, 8, 9, 5]])
        >>> packed = PackedRows(tokens, tokens, torch.tensor([[0, 1, 1, 2]]), tokens)
        >>> packed.visible()[0].int().tolist()  # the last one sees what is shared, and itself
        [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1]]
    """

    def __init__(self, input_ids: Tensor, position_ids: Tensor, segments: Tensor, targets: Tensor) -> None:
        self.input_ids = input_ids
        self.position_ids = position_ids
        self.segments = segments
        self.targets = targets

    @property
    def num_tokens(self) -> int:
        """Tokens that are no padding."""
        return int((self.segments != PADDING).sum())

    def visible(self) -> Tensor:
        """Which tokens (columns) each token (rows) sees, (B, L, L); padding sees what is shared and itself."""
        segments = self.segments
        is_own = segments.unsqueeze(2) == segments.unsqueeze(1)
        seen = (is_own | (segments == SHARED).unsqueeze(1)) & (segments != PADDING).unsqueeze(1)
        places = torch.arange(segments.shape[1], device=segments.device)
        return (seen & (places.unsqueeze(1) >= places)) | (places.unsqueeze(1) == places)

    def to(self, target: device | str, non_blocking: bool = False) -> PackedRows:
        """Copy on a device."""
        moved = copy(self)
        for name, value in vars(self).items():
            setattr(moved, name, value.to(target, non_blocking=non_blocking))
        return moved
