"""Rows of numbers to tensors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def pad_rows(rows: Sequence[Sequence[int]], value: int, *, left: bool = False) -> tuple[Tensor, Tensor]:
    """Pad rows of numbers to the length of the longest.

    Args:
        rows: N of them.
        value: What they are padded with.
        left: Pad before each row instead of after it.

    Returns:
        The numbers, and a mask that is 1 at them and 0 at padding, both of shape (N, S).

    Example:
        >>> numbers, mask = pad_rows([[5], [6, 7]], 0, left=True)
        >>> numbers.tolist(), mask.tolist()
        ([[0, 5], [6, 7]], [[0, 1], [1, 1]])
    """
    length = max(len(row) for row in rows)
    numbers = torch.full((len(rows), length), value, dtype=torch.long)
    mask = torch.zeros_like(numbers)
    for position, row in enumerate(rows):
        where = slice(length - len(row), length) if left else slice(len(row))
        numbers[position, where] = torch.tensor(row, dtype=torch.long)
        mask[position, where] = 1
    return numbers, mask
