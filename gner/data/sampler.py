"""Which examples form which batch, on which rank.

Both samplers yield whole batches as lists of slots, the same number on every rank, and are pure functions of their
arguments and the epoch. They are `DistributedSampler`s, so that Lightning leaves them alone on many processes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple

from torch.utils.data import DistributedSampler


class Slot(NamedTuple):
    """One row of a batch.

    Attributes:
        position: Which example.
        epoch: Seeds what is random about the example.
        counted: False for a row that is there to give every rank the same number of batches.
        decode: False for a row outside the subset that is decoded; the same for all rows of a batch.
    """

    position: int
    epoch: int = 0
    counted: bool = True
    decode: bool = True


class TrainSampler(DistributedSampler[list[Slot]]):
    """Shuffled batches of examples of similar length.

    Examples are shuffled, cut into windows of many batches, and sorted by length within a window; the batches are then
    shuffled again. So order is random, and little of a batch is padding.

    Args:
        lengths: Tokens of each example.
        batch_size: Examples per batch and rank.
        seed: Start of the random order; each epoch has its own.
        rank: This process.
        num_ranks: Number of processes.
        batches_per_window: Larger windows leave less padding and less chance.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        *,
        seed: int,
        rank: int = 0,
        num_ranks: int = 1,
        batches_per_window: int = 50,
    ) -> None:
        super().__init__(lengths, num_replicas=num_ranks, rank=rank, seed=seed)  # type: ignore[arg-type]
        self._lengths = lengths
        self._batch_size = batch_size
        self._batches_per_window = batches_per_window
        self._num_given = 0

    def start(self, epoch: int, num_given: int) -> None:
        """Choose what the next iteration gives: an epoch, from one of its batches on."""
        self.epoch, self._num_given = epoch, num_given

    def __len__(self) -> int:
        return -(-len(self._lengths) // (self._batch_size * self.num_replicas))

    def __iter__(self) -> Iterator[list[Slot]]:
        rng = random.Random(f"order {self.seed} {self.epoch}")
        order = rng.sample(range(len(self._lengths)), len(self._lengths))
        window_size = self._batch_size * self._batches_per_window
        windows = [order[start : start + window_size] for start in range(0, len(order), window_size)]
        batches = [
            batch
            for window in windows
            for batch in _chunks(sorted(window, key=lambda index: self._lengths[index]), self._batch_size)
        ]
        rng.shuffle(batches)
        filled_up = islice(cycle(batches), len(self) * self.num_replicas)
        start = self._num_given * self.num_replicas + self.rank
        for batch in islice(filled_up, start, None, self.num_replicas):
            yield [Slot(index, self.epoch) for index in batch]


class EvalSampler(DistributedSampler[list[Slot]]):
    """Every example once, longest first.

    Batches are the same on any number of ranks, so that each example is computed in the same company, and comes out
    the same to the last bit. Ranks take them in turn; one that is left without gets an example that is not counted, as
    no rank may have fewer batches than another.

    Args:
        lengths: Tokens of each example.
        batch_size: Examples per batch and rank.
        rank: This process.
        num_ranks: Number of processes.
        max_decoded: Decode a random subset of this size; null for all. The other examples come in batches of
            their own.
        seed: Chooses the subset.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        *,
        rank: int = 0,
        num_ranks: int = 1,
        max_decoded: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(lengths, num_replicas=num_ranks, rank=rank, shuffle=False)  # type: ignore[arg-type]
        self._lengths = lengths
        self._batch_size = batch_size
        everything = range(len(lengths))
        size = len(lengths) if max_decoded is None else min(max_decoded, len(lengths))
        decoded = set(random.Random(f"subset {seed}").sample(everything, size))
        self._groups = [
            ([index for index in everything if index in decoded], True),
            ([index for index in everything if index not in decoded], False),
        ]

    def __len__(self) -> int:
        per_step = self._batch_size * self.num_replicas
        return sum(-(-len(group) // per_step) for group, _ in self._groups)

    def __iter__(self) -> Iterator[list[Slot]]:
        for group, decode in self._groups:
            longest_first = sorted(group, key=lambda index: (-self._lengths[index], index))
            batches = _chunks(longest_first, self._batch_size)
            for start in range(0, len(batches), self.num_replicas):
                if start + self.rank < len(batches):
                    yield [Slot(index, decode=decode) for index in batches[start + self.rank]]
                else:
                    yield [Slot(batches[-1][-1], counted=False, decode=decode)]


def _chunks(items: list[int], size: int) -> list[list[int]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
