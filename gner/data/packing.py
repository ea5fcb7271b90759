"""Lays out sequences that begin alike as few long ones; see `PackedRows` and docs/decisions/shared_prefix.md."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from os.path import commonprefix
from typing import NamedTuple

from gner.data.padding import pad_rows
from gner.interfaces import IGNORED
from gner.packed_rows import PADDING, SHARED, PackedRows

_LEAST_SAVED = 0.05
"""Of the cost of separate sequences; below it nothing is packed."""

_ATTENTION = 6
"""A token costs twice as much where it is compared with this many tokens for each number of its hidden state."""


class PackedRow(NamedTuple):
    """Tokens of a sequence, and the same with -100 where nothing is learned."""

    tokens: list[int]
    labels: list[int]


def pack_rows(rows: Sequence[PackedRow], *, pad: int, hidden_size: int) -> PackedRows | None:
    """Lay out sequences in the number of bins that costs least.

    Bins are filled to about the same length, longest sequences first. Long bins share more, but their tokens are
    compared with more others.

    Args:
        rows: N sequences.
        pad: Token that fills up bins.
        hidden_size: Of the network.

    Returns:
        None if separate sequences cost about as little.

    Example:
        >>> start = [1, 2, 3, 4, 5, 6]
        >>> rows = [PackedRow([*start, 7, 8], [IGNORED] * 7 + [8]), PackedRow([*start, 9], [IGNORED] * 6 + [9])]
        >>> packed = pack_rows(rows, pad=0, hidden_size=64)
        >>> packed.input_ids.tolist(), packed.position_ids.tolist()  # what precedes a learned token is not shared
        ([[1, 2, 3, 4, 5, 6, 7, 8, 6, 9]], [[0, 1, 2, 3, 4, 5, 6, 7, 5, 6]])
    """
    lengths = [len(row.tokens) for row in rows]
    num_shared = _num_shared(rows)
    rests = [length - num_shared for length in lengths]
    separate = _cost(len(rows), max(lengths), hidden_size)
    layouts = [_fill(rests, num_bins) for num_bins in range(1, len(rows))]
    costs = [_cost(len(bins), num_shared + _longest(bins, rests), hidden_size) for bins in layouts]
    if not costs or min(costs) > (1 - _LEAST_SAVED) * separate:
        return None
    bins = layouts[costs.index(min(costs))]
    return _lay_out([[rows[place] for place in one] for one in bins], num_shared, pad)


def _num_shared(rows: Sequence[PackedRow]) -> int:
    """How many tokens all begin with, of which none is learned, nor has a learned one as the next."""
    num_common = len(commonprefix([row.tokens for row in rows]))  # noqa: RUF071 of tokens, not of a path
    return max(0, min(num_common, min(map(_num_unlearned, rows)) - 1))


def _num_unlearned(row: PackedRow) -> int:
    """Tokens before the first learned one."""
    return next((place for place, label in enumerate(row.labels) if label != IGNORED), len(row.labels))


def _cost(num_bins: int, length: int, hidden_size: int) -> float:
    """Of all tokens of some bins, in tokens that are compared with no others."""
    return num_bins * length * (1 + length / (_ATTENTION * hidden_size))


def _fill(rests: Sequence[int], num_bins: int) -> list[list[int]]:
    """Places of sequences in bins, the longest first into the bin that is emptiest."""
    bins: list[list[int]] = [[] for _ in range(num_bins)]
    filled = [(0, number) for number in range(num_bins)]
    for place in sorted(range(len(rests)), key=lambda place: (-rests[place], place)):
        length, number = filled[0]
        bins[number].append(place)
        heapq.heapreplace(filled, (length + rests[place], number))
    return bins


def _longest(bins: Sequence[Sequence[int]], rests: Sequence[int]) -> int:
    return max(sum(rests[place] for place in one) for one in bins)


def _lay_out(bins: Sequence[Sequence[PackedRow]], num_shared: int, pad: int) -> PackedRows:
    tokens, positions, segments, targets = [], [], [], []
    for rows in bins:
        shared = list(range(num_shared))
        tokens.append(rows[0].tokens[:num_shared])
        positions.append(shared)
        segments.append([SHARED] * num_shared)
        targets.append([IGNORED] * num_shared)
        for segment, row in enumerate(rows, SHARED + 1):
            own = range(num_shared, len(row.tokens))
            tokens[-1] += row.tokens[num_shared:]
            positions[-1] += own
            segments[-1] += [segment] * len(own)
            targets[-1] += [*row.labels[num_shared + 1 :], IGNORED]
    ids, places = pad_rows(tokens, pad)[0], pad_rows(positions, 0)[0]
    return PackedRows(ids, places, pad_rows(segments, PADDING)[0], pad_rows(targets, IGNORED)[0])
