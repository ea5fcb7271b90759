"""Entity F1 and the loss as torchmetrics metrics that any number of processes computes to the same last bit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from gner.records import Example, Prediction
from gner.scoring import DEFAULT_SCORERS, EntityScores, Tally, entity_scores


class EntityF1(Metric):
    """Strict micro F1 of entities, and all other scores of `gner.scoring`, over all datasets and for each.

    Its state is a table of integers that add up, so any number of processes gives the same result to the last bit.

    Args:
        types: The entity types of each dataset.
        scorers: Names of the format's ways to count, whose counts come with predictions.
        lists_strings: Whether texts list the strings of entities; see `gner.prompting.Format`.

    Example:
        >>> from gner.records import AlignmentReport, Entity, Example, Prediction
        >>> example = Example(("Ada", "wrote"), ("B-person", "O"), ("person",), "toy", "0")
        >>> metric = EntityF1({"toy": ["person"]})
        >>> metric.update(example, Prediction(example.tags, (Entity(0, 1, "person"),), AlignmentReport()))
        >>> metric.compute()
        tensor(1.)
    """

    full_state_update = False
    higher_is_better = True
    is_differentiable = False
    plot_lower_bound = 0.0
    plot_upper_bound = 1.0
    rows: Tensor

    def __init__(
        self,
        types: Mapping[str, Iterable[str]],
        scorers: Sequence[str] = DEFAULT_SCORERS,
        lists_strings: bool = False,
    ) -> None:
        super().__init__()
        self._datasets = {name: row for row, name in enumerate(types)}
        all_types: dict[str, None] = {}
        for of_dataset in types.values():
            all_types |= dict.fromkeys(of_dataset)
        self._types = list(all_types)
        self._scorers = tuple(scorers)
        self._lists_strings = lists_strings
        width = len(Tally(self._scorers).to_row(self._types))
        self.add_state("rows", torch.zeros(len(self._datasets), width, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, example: Example, prediction: Prediction, finished: bool = True) -> None:
        """Count one sentence; see `Tally.of`.

        Example:
            >>> from gner.records import AlignmentReport, Example, Prediction
            >>> example = Example(("Ada",), ("B-person",), ("person",), "toy", "0")
            >>> metric = EntityF1({"toy": ["person"]})
            >>> metric.update(example, Prediction(("O",), (), AlignmentReport(omissions=1)), finished=False)
            >>> metric.scores().overall.num_runaways
            1
        """
        row = Tally.of(example, prediction, finished, self._scorers).to_row(self._types)
        self.rows[self._datasets[example.dataset]] += self.rows.new_tensor(row)

    def compute(self) -> Tensor:
        """Strict micro F1 over all sentences of all processes, a scalar."""
        return torch.tensor(self._entity_scores().overall.strict.f1, device=self.device)

    def scores(self) -> EntityScores:
        """All scores of all sentences of all processes; on several, every process must call this.

        Example:
            >>> from gner.bio import to_entities
            >>> from gner.records import AlignmentReport
            >>> example = Example(("Ada", "Byron"), ("B-person", "I-person"), ("person",), "toy", "0")
            >>> tags = ("B-person", "O")
            >>> metric = EntityF1({"toy": ["person"]})
            >>> metric.update(example, Prediction(tags, tuple(to_entities(tags)), AlignmentReport(omissions=1)))
            >>> scores = metric.scores()
            >>> scores.overall.strict.f1, scores.overall.errors["boundary"], scores.datasets["toy"].views["partial"].f1
            (0.0, 1.0, 0.5)
        """
        with self.sync_context():
            return self._entity_scores()

    def _entity_scores(self) -> EntityScores:
        rows = zip(self._datasets, self.rows.tolist(), strict=True)
        tallies = {name: Tally.from_row(row, self._types, self._scorers) for name, row in rows}
        return entity_scores(tallies, self._lists_strings)


class AnswerLoss(Metric):
    """Mean cross-entropy per answer token, in nats.

    Sums are kept as integers, in units of 2**-24 nats: unlike floats they add up to the same in any order.

    Example:
        >>> loss = AnswerLoss()
        >>> loss.update(torch.tensor(2.0), num_tokens=1)
        >>> loss.update(torch.tensor(1.0), num_tokens=3)
        >>> loss.compute()  # by token, not by batch
        tensor(1.2500)
    """

    full_state_update = False
    total: Tensor
    num_tokens: Tensor
    num_not_finite: Tensor

    _UNIT = 2.0**-24

    def __init__(self) -> None:
        super().__init__()
        for name in ("total", "num_tokens", "num_not_finite"):
            self.add_state(name, torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")

    def update(self, mean: Tensor, num_tokens: int) -> None:
        """Count a batch: the mean over its answer tokens, a scalar, and how many there are."""
        if not mean.isfinite():
            self.num_not_finite += 1
            return
        self.total += round(mean.item() * num_tokens / self._UNIT)
        self.num_tokens += num_tokens

    def compute(self) -> Tensor:
        """The mean over all tokens of all processes; not a number if it was none in any batch.

        Example:
            >>> loss = AnswerLoss()
            >>> loss.update(torch.tensor(2.0), num_tokens=5)
            >>> loss.update(torch.tensor(float("inf")), num_tokens=5)
            >>> loss.compute()
            tensor(nan)
        """
        num_tokens = int(self.num_tokens)
        is_known = num_tokens > 0 and not self.num_not_finite
        mean = int(self.total) * self._UNIT / num_tokens if is_known else float("nan")
        return torch.tensor(mean, dtype=torch.float32, device=self.total.device)
