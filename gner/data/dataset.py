"""A data set whose items are whole batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from torch.utils.data import Dataset

from gner.data.collate import Collator
from gner.data.sampler import Slot
from gner.interfaces import Batch
from gner.records import Example

Change = Callable[[Example, random.Random], Example]
"""Makes a training example of an example, using no other chance than it is given."""


class BatchDataset(Dataset[Batch]):
    """Makes the batch that a sampler asks for.

    Item ``slots`` depends on nothing but the arguments here and the slots, so worker processes, restarts and any number
    of ranks give the same batches.

    Args:
        examples: The examples that slots point at.
        collate: Writes and tokenizes them.
        change: What happens to an example first, anew in each epoch; null for nothing.
        seed: Seeds the changes, together with epoch and position.
    """

    def __init__(
        self, examples: Sequence[Example], collate: Collator, change: Change | None = None, seed: int = 0
    ) -> None:
        self._examples = examples
        self._collate = collate
        self._change = change
        self._seed = seed

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, slots: list[Slot]) -> Batch:
        return self._collate(
            [self._example(slot) for slot in slots],
            positions=[slot.position for slot in slots],
            counted=[slot.counted for slot in slots],
            decode=all(slot.decode for slot in slots),
        )

    def _example(self, slot: Slot) -> Example:
        example = self._examples[slot.position]
        if self._change is None:
            return example
        repeat = f" {slot.repeat}" if slot.repeat else ""
        return self._change(example, random.Random(f"example {self._seed} {slot.epoch} {slot.position}{repeat}"))
