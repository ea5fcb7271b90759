"""A loader that can be resumed in the middle of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader

from gner.data.dataset import BatchDataset
from gner.data.sampler import TrainSampler
from gner.interfaces import Batch


class BatchLoader(DataLoader[Batch]):
    """Loads the batches of a sampler.

    Worker seeds come from a generator of its own, so that starting an epoch leaves torch's global generator, which
    dropout uses, as it is.

    Args:
        dataset: Makes batches.
        options: Those of torch's loader.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> dataset = BatchDataset(make_examples(), tiny_model("causal").collate)
        >>> samplers = [TrainSampler([3, 1, 9, 4, 4], batch_size=2, seed=0) for _ in range(2)]
        >>> first, resumed = (BatchLoader(dataset, sampler=sampler, batch_size=None) for sampler in samplers)
        >>> batches = iter(first)
        >>> _ = next(batches)
        >>> resumed.load_state_dict(first.state_dict())
        >>> [batch.positions for batch in batches] == [batch.positions for batch in resumed]
        True
    """

    def __init__(self, dataset: BatchDataset, **options: Any) -> None:
        options.setdefault("generator", torch.Generator().manual_seed(0))
        super().__init__(dataset, **options)
        self._epoch = 0
        self._num_loaded = 0
        self._continues = True  # at the first batch of the first epoch

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        if isinstance(self.sampler, TrainSampler):
            # when resuming after an epoch's last batch, Lightning repeats that epoch; so count here
            if not self._continues or self._num_loaded >= len(self.sampler):
                self._epoch, self._num_loaded = self._epoch + 1, 0
            self._continues = False
            self.sampler.start(self._epoch, self._num_loaded)
        for batch in super().__iter__():
            self._num_loaded += 1
            yield batch

    def sample(self, most: int) -> list[Batch]:
        """Some batches of the next epoch, evenly spread; iteration goes on as if they had not been made.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> dataset = BatchDataset(make_examples(), tiny_model("causal").collate)
            >>> loader = BatchLoader(dataset, sampler=TrainSampler([1] * 5, batch_size=1, seed=0), batch_size=None)
            >>> len(loader.sample(3)), len(loader.sample(9))
            (3, 5)
        """
        slots = list(self.sampler)
        return [self.dataset[some] for some in slots[:: -(-len(slots) // most)]]

    def state_dict(self) -> dict[str, int]:
        """Which pass over the data this is, and how many of its batches were loaded on each of how many processes."""
        return {"epoch": self._epoch, "num_loaded": self._num_loaded, "num_ranks": self._num_ranks}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on where the state was taken, perhaps on another number of processes."""
        self._epoch = state_dict["epoch"]
        self._num_loaded = -(-state_dict["num_loaded"] * state_dict["num_ranks"] // self._num_ranks)
        self._continues = True

    @property
    def _num_ranks(self) -> int:
        return self.sampler.num_replicas if isinstance(self.sampler, TrainSampler) else 1
