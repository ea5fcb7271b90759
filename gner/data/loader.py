"""A loader that can go on in the middle of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader

from gner.data.dataset import BatchDataset
from gner.data.sampler import EvalSampler, TrainSampler
from gner.types import Batch


class BatchLoader(DataLoader[Batch]):
    """Loads the batches of a sampler.

    Worker seeds come from a generator of its own, so that starting an epoch leaves torch's global generator, which
    dropout uses, as it is.

    Args:
        dataset: Makes batches.
        sampler: Says which.
        num_workers: Processes that make batches ahead; 0 makes them here.
    """

    def __init__(self, dataset: BatchDataset, sampler: TrainSampler | EvalSampler, num_workers: int) -> None:
        generator = torch.Generator().manual_seed(0)
        super().__init__(dataset, sampler=sampler, batch_size=None, num_workers=num_workers, generator=generator)
        self._num_loaded = 0

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        sampler = self.sampler
        self._num_loaded = sampler.start_at if isinstance(sampler, TrainSampler) else 0
        for batch in super().__iter__():
            self._num_loaded += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """How far this epoch is."""
        return {"num_loaded": self._num_loaded, "epoch": getattr(self.sampler, "epoch", 0)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the state was taken."""
        if isinstance(self.sampler, TrainSampler):
            self.sampler.resume(state_dict["epoch"], state_dict["num_loaded"])
