"""Which examples form which batch, on which rank.

Both samplers yield whole batches as lists of slots, the same number on every rank, and are pure functions of their
arguments and the epoch. They are `DistributedSampler`s, so that Lightning leaves them alone on many processes.
"""

from __future__ import annotations

import random
from collections import Counter
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
        repeat: Which time of the epoch, from 0, this is that the example is seen; seeds what is random about it, too.
    """

    position: int
    epoch: int = 0
    counted: bool = True
    decode: bool = True
    repeat: int = 0


def num_draws(weights: Sequence[float], num_rows: Sequence[int] | None = None) -> int:
    """How many examples an epoch has, given how often each is seen in one.

    Args:
        weights: How often.
        num_rows: Rows of each example, as the share of a weight is taken for each number of rows; None for one.

    Example:
        >>> num_draws([1.0, 1.0, 2.0, 0.5, 0.5, 0.5])
        6
    """
    groups = Counter(zip(weights, num_rows or [1] * len(weights), strict=True))
    return sum(_num_draws(weight, size) for (weight, _), size in groups.items())


def _num_draws(weight: float, size: int) -> int:
    """How many an epoch has of a number of examples with the same weight."""
    return size * int(weight) + _share(size, weight - int(weight))


def _share(size: int, part: float) -> int:
    """How many of ``size`` examples a fraction is; at least one, so that each is seen some time."""
    return max(1, round(size * part)) if part else 0


class TrainSampler(DistributedSampler[list[Slot]]):
    """Shuffled batches of examples of similar length.

    Examples are shuffled, split into windows of many batches, and sorted by length within a window; the batches are
    then shuffled again. So order is random, and little of a batch is padding. A batch has examples with the same number
    of rows, so that the number of batches is the same in every epoch.

    Args:
        lengths: Tokens of each example's longest row.
        batch_size: Rows per batch and rank; an example with more rows is a batch of its own.
        seed: Start of the random order; each epoch has its own.
        rank: This process.
        num_ranks: Number of processes.
        batches_per_window: Larger windows leave less padding and less randomness.
        weights: How often each example is seen in an epoch; None for once. The fractional part selects that share of
            the examples with this weight, others in each epoch until all had their turn.
        sources: What each example is of; None for one source. A share has examples of each source in proportion to its
            size.
        num_rows: Rows of each example; None for one each.

    Example:
        >>> sampler = TrainSampler([5, 30, 6, 31], batch_size=2, seed=0)
        >>> sorted(sorted(slot.position for slot in batch) for batch in sampler)  # similar lengths together
        [[0, 2], [1, 3]]
        >>> len(TrainSampler([5, 30, 6, 31], batch_size=2, seed=0, weights=[1, 1, 3, 0.5]))
        3
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
        weights: Sequence[float] | None = None,
        sources: Sequence[str] | None = None,
        num_rows: Sequence[int] | None = None,
    ) -> None:
        super().__init__(lengths, num_replicas=num_ranks, rank=rank, seed=seed)  # type: ignore[arg-type]
        self._lengths = lengths
        self._batch_size = batch_size
        self._batches_per_window = batches_per_window
        self._sources = sources
        self._num_given = 0
        weights = weights if weights is not None else [1.0] * len(lengths)
        self._num_rows = num_rows if num_rows is not None else [1] * len(lengths)
        self._groups: dict[tuple[float, int], list[int]] = {}
        for position, group in enumerate(zip(weights, self._num_rows, strict=True)):
            self._groups.setdefault(group, []).append(position)

    def start(self, epoch: int, num_given: int) -> None:
        """Choose what the next iteration gives: an epoch, from one of its batches on.

        Example:
            >>> sampler = TrainSampler(range(6), batch_size=2, seed=0)
            >>> whole = list(sampler)
            >>> sampler.start(epoch=0, num_given=2)  # a run that is resumed after two batches
            >>> list(sampler) == whole[2:]
            True
        """
        self.epoch, self._num_given = epoch, num_given

    def __len__(self) -> int:
        draws: Counter[int] = Counter()
        for (weight, num_rows), positions in self._groups.items():
            draws[num_rows] += _num_draws(weight, len(positions))
        num_batches = sum(-(-number // self._examples_per_batch(num_rows)) for num_rows, number in draws.items())
        return -(-num_batches // self.num_replicas)

    def _examples_per_batch(self, num_rows: int) -> int:
        return max(1, self._batch_size // num_rows)

    def _draws(self) -> list[tuple[int, int]]:
        """The examples of this epoch, each with how often it was there before, in a fixed order."""
        draws: list[tuple[int, int]] = []
        for (weight, _), positions in self._groups.items():
            whole = int(weight)
            for repeat in range(whole):
                draws += [(position, repeat) for position in positions]
            share = _share(len(positions), weight - whole)
            if share:
                turns = self._turns(weight, positions)
                first = self.epoch * share
                draws += [(turns[index % len(positions)], whole) for index in range(first, first + share)]
        return sorted(draws, key=lambda draw: draw[::-1])

    def _turns(self, weight: float, positions: Sequence[int]) -> list[int]:
        """Examples of a weight in random order, in which those of each source are evenly spread."""
        order = random.Random(f"turns {self.seed} {weight}").sample(positions, len(positions))
        if self._sources is None:
            return order
        groups: dict[str, list[int]] = {}
        for position in order:
            groups.setdefault(self._sources[position], []).append(position)
        places: list[tuple[float, int]] = []
        for group in groups.values():
            places += [((index + 0.5) / len(group), position) for index, position in enumerate(group)]
        return [position for _, position in sorted(places, key=lambda place: place[0])]

    def __iter__(self) -> Iterator[list[Slot]]:
        rng = random.Random(f"order {self.seed} {self.epoch}")
        draws = self._draws()
        order = rng.sample(range(len(draws)), len(draws))
        batches = self._batches(draws, order)
        rng.shuffle(batches)
        filled_up = islice(cycle(batches), len(self) * self.num_replicas)
        start = self._num_given * self.num_replicas + self.rank
        for batch in islice(filled_up, start, None, self.num_replicas):
            yield [Slot(draws[index][0], self.epoch, repeat=draws[index][1]) for index in batch]

    def _batches(self, draws: Sequence[tuple[int, int]], order: Sequence[int]) -> list[list[int]]:
        """Batches of draws of similar length with the same number of rows.

        Args:
            draws: What `_draws` gives.
            order: Places in ``draws``, shuffled.
        """

        def length(index: int) -> tuple[int, int]:
            """Sort by tokens; of equal examples, repeats are kept apart from what they repeat."""
            position, repeat = draws[index]
            return self._lengths[position], repeat

        by_rows: dict[int, list[int]] = {}
        for index in order:
            by_rows.setdefault(self._num_rows[draws[index][0]], []).append(index)
        batches: list[list[int]] = []
        for num_rows, of_rows in sorted(by_rows.items()):
            size = self._examples_per_batch(num_rows)
            for window in _chunks(of_rows, size * self._batches_per_window):
                batches += _chunks(sorted(window, key=length), size)
        return batches


class EvalSampler(DistributedSampler[list[Slot]]):
    """Every example once, longest first.

    Batches are the same on any number of ranks, so each example is always in the same batch, and comes out the same to
    the last bit. Ranks take them in turn; one that is left without gets an example that is not counted, as
    no rank may have fewer batches than another.

    Args:
        lengths: Tokens of each example's longest row.
        batch_size: Rows per batch and rank; an example with more rows is a batch of its own.
        rank: This process.
        num_ranks: Number of processes.
        max_decoded: Decode a random subset of this size; None for all. The other examples come in batches of
            their own.
        seed: Chooses the subset.
        num_rows: Rows of each example; None for one each.

    Example:
        >>> for rank in (0, 1):
        ...     batches = list(EvalSampler([5, 30, 6], batch_size=1, rank=rank, num_ranks=2))
        ...     print([(slot.position, slot.counted) for [slot] in batches])
        [(1, True), (0, True)]
        [(2, True), (0, False)]
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
        num_rows: Sequence[int] | None = None,
    ) -> None:
        super().__init__(lengths, num_replicas=num_ranks, rank=rank, shuffle=False)  # type: ignore[arg-type]
        self._lengths = lengths
        self._batch_size = batch_size
        self._num_rows = num_rows if num_rows is not None else [1] * len(lengths)
        everything = range(len(lengths))
        size = len(lengths) if max_decoded is None else min(max_decoded, len(lengths))
        decoded = set(random.Random(f"subset {seed}").sample(everything, size))
        others = [index for index in everything if index not in decoded]
        self._groups = [(self._batches(sorted(decoded)), True), (self._batches(others), False)]

    def _batches(self, group: Sequence[int]) -> list[list[int]]:
        """Examples in batches, longest first, each as full as its rows allow."""
        batches: list[list[int]] = []
        room = 0
        for index in sorted(group, key=lambda index: (-self._lengths[index], index)):
            if self._num_rows[index] > room:
                batches.append([])
                room = self._batch_size
            batches[-1].append(index)
            room -= self._num_rows[index]
        return batches

    def __len__(self) -> int:
        return sum(-(-len(batches) // self.num_replicas) for batches, _ in self._groups)

    def __iter__(self) -> Iterator[list[Slot]]:
        for batches, decode in self._groups:
            for start in range(0, len(batches), self.num_replicas):
                if start + self.rank < len(batches):
                    yield [Slot(index, decode=decode) for index in batches[start + self.rank]]
                else:
                    yield [Slot(batches[-1][-1], counted=False, decode=decode)]


def _chunks(items: Sequence[int], size: int) -> list[list[int]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]
