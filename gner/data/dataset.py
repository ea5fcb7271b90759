"""A dataset whose items are whole batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from torch.utils.data import Dataset

from gner.data.batch_maker import BatchMaker
from gner.data.sampler import Slot
from gner.interfaces import Batch
from gner.records import Example

Change = Callable[[Example, random.Random], Example]
"""Makes a training example of an example; all randomness comes from the given generator."""

Reorder = Callable[[list[Example], random.Random], list[Example]]
"""Changes the examples of a batch together."""


class BatchDataset(Dataset[Batch]):
    """Makes the batch that a sampler asks for.

    Item ``slots`` depends on nothing but the arguments here and the slots, so worker processes, restarts and any number
    of ranks give the same batches.

    Args:
        examples: The examples that slots point at.
        collate: Writes and tokenizes them.
        change: What happens to a training example first, anew in each epoch; None for evaluation.
        reorder: What happens to the examples of a training batch together then; None for nothing.
        seed: Seeds the changes and what the format chooses, together with epoch and position.

    Example:
        >>> from gner.data.regularization import Regularization
        >>> from gner.testing import make_examples, tiny_model
        >>> change = lambda example, rng: Regularization().apply((), example, rng)
        >>> dataset = BatchDataset(make_examples(), tiny_model("causal").collate, change)
        >>> [dataset[[Slot(0, epoch)]].examples[0].types for epoch in range(4)]  # new in each epoch
        [('person', 'place'), ('person', 'place'), ('place', 'person'), ('person', 'place')]
    """

    def __init__(
        self,
        examples: Sequence[Example],
        collate: BatchMaker,
        change: Change | None = None,
        reorder: Reorder | None = None,
        *,
        seed: int = 0,
    ) -> None:
        self._examples = examples
        self._collate = collate
        self._change = change
        self._reorder = reorder
        self._seed = seed

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, slots: list[Slot]) -> Batch:
        examples = [self._examples[slot.position] for slot in slots]
        positions = [slot.position for slot in slots]
        if self._change is None:
            counted = [slot.counted for slot in slots]
            return self._collate(examples, positions, counted, decode=all(slot.decode for slot in slots))
        changed = [
            self._change(example, self._rng("example", slot)) for example, slot in zip(examples, slots, strict=True)
        ]
        if self._reorder is not None:
            changed = self._reorder(changed, self._rng("batch", slots[0]))
        return self._collate.for_training(changed, [self._rng("format", slot) for slot in slots], positions)

    def _rng(self, purpose: str, slot: Slot) -> random.Random:
        repeat = f" {slot.repeat}" if slot.repeat else ""
        return random.Random(f"{purpose} {self._seed} {slot.epoch} {slot.position}{repeat}")
