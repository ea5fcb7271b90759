"""Entity F1 as a torchmetrics metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torchmetrics import Metric

from gner.scoring import EntityScores, Tally, entity_scores
from gner.types import Example, Prediction


class EntityF1(Metric):
    """All entity scores of `gner.scoring`, over all data sets and for each.

    Its state is a table of integers that add up, so any number of processes gives the same result to the last bit.

    Args:
        types: The entity types of each data set.
    """

    full_state_update = False
    rows: Tensor

    def __init__(self, types: Mapping[str, Iterable[str]]) -> None:
        super().__init__()
        self._datasets = {name: row for row, name in enumerate(types)}
        self._types = list(dict.fromkeys(entity_type for of_dataset in types.values() for entity_type in of_dataset))
        width = len(Tally().to_row(self._types))
        self.add_state("rows", torch.zeros(len(self._datasets), width, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, example: Example, prediction: Prediction, finished: bool = True) -> None:
        """Count one sentence; see `Tally.of`."""
        row = Tally.of(example, prediction, finished).to_row(self._types)
        self.rows[self._datasets[example.dataset]] += self.rows.new_tensor(row)

    def compute(self) -> EntityScores:
        """Scores of all sentences of all processes."""
        rows = zip(self._datasets, self.rows.tolist(), strict=True)
        return entity_scores({name: Tally.from_row(row, self._types) for name, row in rows})
