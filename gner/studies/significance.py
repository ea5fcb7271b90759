"""Is a cell better than another, over its seeds? By sentences and by seeds, which are different questions.

* Over sentences: would it be on other sentences of this kind, with the models that were trained? Paired bootstrap
  (Koehn, 2004): the sentences of each dataset are drawn with replacement, the same for all seeds of both cells, and the
  difference is the mean over seeds.
* Over seeds: would it be with other seeds, on these sentences? Student's paired t-test on the seeds that both have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from gner.records import Counts
from gner.scoring.bootstrap import Interval, f1_of, interval_of
from gner.scoring.systems import two_sided_p
from gner.studies.outcomes import SentenceKey

CountsOfSeeds = Mapping[int, Mapping[SentenceKey, Counts]]
"""Of one cell: by seed, of each sentence."""

_Row = tuple[float, float, float, int]
_Pairs = dict[SentenceKey, tuple[_Row, _Row]]
_NOTHING: tuple[_Row, _Row] = ((0, 0, 0, 0), (0, 0, 0, 0))
"""Of a sentence that a seed does not have."""


class Comparison(NamedTuple):
    """A cell against another, in strict F1, as the unweighted mean over datasets.

    Attributes:
        difference: Mean over the seeds that both have.
        interval: 95 % of the differences of resampled sentences.
        p_sentences: Two-sided, by the same resamplings.
        p_seeds: Two-sided, of the paired t-test; None with fewer than two seeds or where all differences are equal.
        num_seeds: That both have.
    """

    difference: float
    interval: Interval
    p_sentences: float
    p_seeds: float | None
    num_seeds: int


def compare_cells(
    base: CountsOfSeeds, other: CountsOfSeeds, num_samples: int = 1000, seed: int = 0
) -> Comparison | None:
    """Compare two cells on the seeds and sentences that both have; None if there are none.

    Seeds may have different sentences, as where each evaluates on a random part: a resampling is of the sentences of
    all, and a seed counts those that it has.

    Args:
        base: The cell that others are compared with.
        other: The cell.
        num_samples: Resamplings.
        seed: Of the resamplings.

    Example:
        >>> always = {("toy", str(number), ("Ada",)): (1, 1, 1) for number in range(20)}
        >>> never = dict.fromkeys(always, (0, 0, 1))
        >>> found = compare_cells({0: never, 1: never}, {0: always, 1: always}, num_samples=99)
        >>> found.difference, found.p_sentences, found.p_seeds
        (1.0, 0.02, None)
    """
    seeds = sorted(seed for seed in base.keys() & other.keys() if base[seed].keys() & other[seed].keys())
    tables = _tables(base, other, seeds)
    if not tables:
        return None
    rng = np.random.default_rng(seed)
    observed = _differences([table[None].sum(1) for table in tables])[0]
    resampled = np.array([_differences(_draw(tables, rng))[0].mean() for _ in range(num_samples)])
    return Comparison(
        float(observed.mean()), interval_of(resampled), two_sided_p(resampled), _p_of_seeds(observed), len(seeds)
    )


def _tables(base: CountsOfSeeds, other: CountsOfSeeds, seeds: Sequence[int]) -> list[np.ndarray]:
    """For each dataset the counts of all sentences, and 1 where a seed has them, (N sentences, S seeds, 2 cells, 4)."""
    pairs = [_pairs(base[seed], other[seed]) for seed in seeds]
    by_dataset: dict[str, list[list[tuple[_Row, _Row]]]] = {}
    for key in sorted(set().union(*pairs)):
        by_dataset.setdefault(key[0], []).append([of_seed.get(key, _NOTHING) for of_seed in pairs])
    return [np.array(rows, dtype=float) for rows in by_dataset.values()]


def _pairs(base: Mapping[SentenceKey, Counts], other: Mapping[SentenceKey, Counts]) -> _Pairs:
    return {key: ((*base[key], 1), (*other[key], 1)) for key in base.keys() & other.keys()}


def _draw(tables: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Sums over sentences drawn with replacement, (1, S, 2, 4) for each dataset."""
    return [table[rng.integers(len(table), size=len(table))].sum(0)[None] for table in tables]


def _differences(sums: Sequence[np.ndarray]) -> np.ndarray:
    """Differences of F1, as the mean over the datasets that a seed has, (R, S); sums are (R, S, 2, 4)."""
    scores = [f1_of(one[..., :3].reshape(-1, 3)).reshape(one.shape[:-1]) for one in sums]
    differences = np.stack([score[..., 1] - score[..., 0] for score in scores])  # (datasets, R, S)
    is_there = np.stack([one[..., 0, 3] > 0 for one in sums])
    return np.asarray((differences * is_there).sum(0) / np.maximum(is_there.sum(0), 1))


def _p_of_seeds(differences: np.ndarray) -> float | None:
    if len(differences) < 2 or math.isclose(float(np.ptp(differences)), 0.0, abs_tol=1e-12):
        return None
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def mean_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % confidence interval of a mean over seeds (Student's t); None with fewer than two.

    Example:
        >>> mean_interval([0.5]), [round(end, 3) for end in mean_interval([0.50, 0.52, 0.54])]
        (None, [0.47, 0.57])
    """
    if len(values) < 2:
        return None
    mean, error = float(np.mean(values)), float(stats.sem(values))
    if error == 0:
        return Interval(mean, mean)
    low, high = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=error)
    return Interval(float(low), float(high))
