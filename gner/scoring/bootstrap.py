"""Confidence intervals of F1 by percentile bootstrap over sentences (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gner.scoring.counts import OFFICIAL_EPSILON


class Interval(NamedTuple):
    """A 95 % confidence interval."""

    low: float
    high: float


class Intervals(NamedTuple):
    """The intervals of each dataset and of their unweighted mean."""

    datasets: dict[str, Interval]
    average: Interval


def f1_intervals(
    counts: Mapping[str, Sequence[Sequence[float]]], num_samples: int, seed: int = 0, *, official: bool = False
) -> Intervals:
    """Intervals of F1 for each dataset, and for their unweighted mean.

    Sentences are drawn with replacement within each dataset.

    Args:
        counts: For each dataset, the correct, predicted and gold entities of each sentence.
        num_samples: Number of resamplings.
        seed: Seed of the resamplings.
        official: Whether F1 is computed as in the released scorer.

    Example:
        >>> counts = {"toy": [(1, 1, 1)] * 30 + [(0, 1, 1)] * 10}  # F1 is 0.75
        >>> low, high = f1_intervals(counts, num_samples=1000).datasets["toy"]
        >>> round(low, 2), round(high, 2)
        (0.62, 0.88)
    """
    rng = np.random.default_rng(seed)
    epsilon = OFFICIAL_EPSILON if official else 0.0
    f1 = {}
    for name, of_dataset in counts.items():
        table = np.asarray(of_dataset, dtype=np.int64)
        sums = np.stack([table[rng.integers(len(table), size=len(table))].sum(0) for _ in range(num_samples)])
        f1[name] = f1_of(sums, epsilon)
    mean = np.mean(list(f1.values()), axis=0)
    return Intervals({name: interval_of(values) for name, values in f1.items()}, interval_of(mean))


def f1_of(sums: np.ndarray, epsilon: float = 0.0) -> np.ndarray:
    """F1 of N numbers of correct, predicted and gold entities, shape (N, 3); ``epsilon`` is added to denominators.

    Example:
        >>> f1_of(np.array([[1, 1, 3], [0, 0, 0]]))
        array([0.5, 0. ])
    """
    correct, predicted, gold = sums.T
    precision, recall = _ratio(correct, predicted + epsilon), _ratio(correct, gold + epsilon)
    return _ratio(2 * precision * recall, precision + recall + epsilon)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0)


def interval_of(values: np.ndarray) -> Interval:
    """The middle 95 % of some values.

    Example:
        >>> interval_of(np.arange(101))
        Interval(low=2.5, high=97.5)
    """
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))
