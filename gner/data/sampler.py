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


def num_draws(weights: Sequence[float]) -> int:
    """How many examples an epoch has, given how often each is seen in one.

    Example:
        >>> num_draws([1.0, 1.0, 2.0, 0.5, 0.5, 0.5])
        6
    """
    return sum(size * whole + _share(size, part) for size, whole, part in map(_parts, Counter(weights).items()))


def _parts(counted: tuple[float, int]) -> tuple[int, int, float]:
    """How many examples have a weight, how often each is seen for certain, and which part of them once more."""
    weight, size = counted
    return size, int(weight), weight - int(weight)


def _share(size: int, part: float) -> int:
    """A part of so many examples; at least one, so that none is never seen."""
    return max(1, round(size * part)) if part else 0


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
        weights: How often each example is seen in an epoch; null for once. What is left of a weight above a whole
            number is a share of the examples with that weight, others in each epoch until all had their turn.
        sources: What each example is of; null for one source. A share has of each source as much as it is large.
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
    ) -> None:
        super().__init__(lengths, num_replicas=num_ranks, rank=rank, seed=seed)  # type: ignore[arg-type]
        self._lengths = lengths
        self._batch_size = batch_size
        self._batches_per_window = batches_per_window
        self._weights = weights if weights is not None else [1.0] * len(lengths)
        self._sources = sources
        self._num_draws = num_draws(self._weights)
        self._num_given = 0

    def start(self, epoch: int, num_given: int) -> None:
        """Choose what the next iteration gives: an epoch, from one of its batches on."""
        self.epoch, self._num_given = epoch, num_given

    def __len__(self) -> int:
        return -(-self._num_draws // (self._batch_size * self.num_replicas))

    def _draws(self) -> list[tuple[int, int]]:
        """The examples of this epoch, each with how often it was there before, in a fixed order."""
        groups: dict[float, list[int]] = {}
        for position, weight in enumerate(self._weights):
            groups.setdefault(weight, []).append(position)
        draws: list[tuple[int, int]] = []
        for weight, positions in groups.items():
            size, whole, part = _parts((weight, len(positions)))
            draws += [(position, repeat) for repeat in range(whole) for position in positions]
            if part:
                share = _share(size, part)
                turns = self._turns(weight, positions)
                draws += [(turns[(self.epoch * share + index) % size], whole) for index in range(share)]
        return sorted(draws, key=lambda draw: draw[::-1])

    def _turns(self, weight: float, positions: Sequence[int]) -> list[int]:
        """Examples of a weight in random order, in which those of each source are evenly spread."""
        order = random.Random(f"turns {self.seed} {weight}").sample(positions, len(positions))
        if self._sources is None:
            return order
        groups: dict[str, list[int]] = {}
        for position in order:
            groups.setdefault(self._sources[position], []).append(position)
        places = [((index + 0.5) / len(group), one) for group in groups.values() for index, one in enumerate(group)]
        return [position for _, position in sorted(places, key=lambda place: place[0])]

    def __iter__(self) -> Iterator[list[Slot]]:
        rng = random.Random(f"order {self.seed} {self.epoch}")
        draws = self._draws()
        order = rng.sample(range(len(draws)), len(draws))
        window_size = self._batch_size * self._batches_per_window
        windows = [order[start : start + window_size] for start in range(0, len(order), window_size)]

        def length(index: int) -> tuple[int, int]:  # of equal examples, repeats go apart from what they repeat
            position, repeat = draws[index]
            return self._lengths[position], repeat

        batches = [batch for window in windows for batch in _chunks(sorted(window, key=length), self._batch_size)]
        rng.shuffle(batches)
        filled_up = islice(cycle(batches), len(self) * self.num_replicas)
        start = self._num_given * self.num_replicas + self.rank
        for batch in islice(filled_up, start, None, self.num_replicas):
            yield [Slot(position, self.epoch, repeat=repeat) for position, repeat in (draws[index] for index in batch)]


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
