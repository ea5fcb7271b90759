"""Statistics against scipy's, and laws."""

import random

import numpy as np
import pytest
from scipy import stats

from gner.studies.outcomes import Counts
from gner.studies.significance import compare_cells, mean_interval

SEEDS = (0, 1, 2, 3)


def _cell(share: float, seed: int, dataset: str = "toy") -> Counts:
    """100 sentences with three gold entities each, of which about a share is found."""
    rng = random.Random(f"{share} {seed}")
    counts = {}
    for number in range(100):
        right = sum(rng.random() < share for _ in range(3))
        counts[dataset, str(number), ("w",)] = (right, right + rng.randrange(2), 3)
    return counts


def _f1(counts: Counts) -> float:
    correct, predicted, gold = np.array(list(counts.values())).sum(0)
    return float(2 * correct / (predicted + gold))


def _check_differences(base: dict[int, Counts], other: dict[int, Counts], num_samples: int) -> None:
    """The difference is that of the seeds' own scores, and p is scipy's."""
    found = compare_cells(base, other, num_samples=num_samples)
    assert found is not None
    scores = [[_f1(cell[seed]) for seed in SEEDS] for cell in (base, other)]
    assert found.difference == pytest.approx(np.mean(scores[1]) - np.mean(scores[0]))
    assert found.p_seeds == pytest.approx(stats.ttest_rel(scores[1], scores[0]).pvalue)
    assert found.interval.low < found.difference < found.interval.high


def test_the_difference_is_the_mean_over_seeds_and_p_is_that_of_a_paired_test() -> None:
    base = {seed: _cell(0.5, seed) for seed in SEEDS}
    other = {seed: _cell(0.55, seed + 10) for seed in SEEDS}
    _check_differences(base, other, num_samples=200)


def test_the_interval_over_sentences_is_that_of_a_paired_bootstrap() -> None:
    base, other = _cell(0.5, 0), _cell(0.6, 1)
    found = compare_cells({0: base}, {0: other}, num_samples=4000)
    assert found is not None
    tables = [np.array(list(cell.values())) for cell in (base, other)]

    def difference(rows: np.ndarray) -> float:
        """F1 of some sentences."""
        sums = [table[rows].sum(0) for table in tables]
        first, second = (2 * correct / (predicted + gold) for correct, predicted, gold in sums)
        return float(second - first)

    expected = stats.bootstrap(
        (np.arange(100),), difference, n_resamples=4000, vectorized=False, method="percentile", rng=1
    ).confidence_interval
    assert found.interval == pytest.approx((expected.low, expected.high), abs=0.01)
    assert found.p_seeds is None


def test_a_cell_does_not_differ_from_itself() -> None:
    cell = {seed: _cell(0.5, seed) for seed in SEEDS}
    found = compare_cells(cell, cell, num_samples=50)
    assert found is not None
    assert (found.difference, found.p_sentences, found.p_seeds) == (0.0, 1.0, None)


def test_only_what_both_have_is_compared() -> None:
    base, other = {0: _cell(0.5, 0), 1: _cell(0.5, 1)}, {1: _cell(0.6, 2), 2: _cell(0.9, 3)}
    found, expected = compare_cells(base, other), compare_cells({1: base[1]}, {1: other[1]})
    assert found == expected
    assert compare_cells({0: base[0]}, {1: other[1]}) is None


def test_seeds_may_have_sentences_of_their_own() -> None:
    base, other = {seed: _cell(0.5, seed) for seed in SEEDS}, {seed: _cell(0.6, seed + 10) for seed in SEEDS}
    for seed in SEEDS:  # 70 of 100 each, of which few are common to all
        left_out = set(random.Random(seed).sample(sorted(base[seed]), 30))
        for cell in (base, other):
            cell[seed] = {key: counts for key, counts in cell[seed].items() if key not in left_out}
    _check_differences(base, other, num_samples=500)


def test_a_dataset_that_a_seed_lacks_does_not_count_for_it() -> None:
    both = {("a", "0", ("w",)): (0, 1, 1), ("b", "0", ("w",)): (0, 1, 1)}
    only = {("a", "0", ("w",)): (0, 1, 1)}
    right = [{key: (1, 1, 1) for key in counts} for counts in (both, only)]
    found = compare_cells({0: both, 1: only}, {0: right[0], 1: right[1]}, num_samples=10)
    assert found is not None
    assert found.difference == 1.0


def test_datasets_count_alike_whatever_their_size() -> None:
    small = {("small", "0", ("w",)): (1, 1, 1)}
    base = {0: {**_cell(0.5, 0), **dict.fromkeys(small, (0, 1, 1))}}
    other = {0: {**_cell(0.5, 0), **small}}
    found = compare_cells(base, other, num_samples=10)
    assert found is not None
    assert found.difference == pytest.approx(0.5)


def test_the_interval_of_a_mean_is_students() -> None:
    values = [0.5, 0.53, 0.49]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx((expected.low, expected.high))
    assert mean_interval([0.5, 0.5]) == (0.5, 0.5)
