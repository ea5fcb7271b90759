"""Precision, recall and F1 from counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.records import Counts
from gner.scoring.counts import OFFICIAL_EPSILON, score_of

COUNTS = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)).map(
    lambda numbers: Counts(numbers[0], numbers[0] + numbers[1], numbers[0] + numbers[2])
)


@given(COUNTS)
def test_f1_is_twice_what_is_right_among_all_that_is_found_or_gold(counts: Counts) -> None:
    score = score_of(counts)
    total = counts.num_predicted + counts.num_gold
    assert score.f1 == pytest.approx(2 * counts.num_correct / total if total else 0)
    assert min(score.precision, score.recall) <= score.f1 + 1e-12 <= max(score.precision, score.recall) + 2e-12
    assert score.support == counts.num_gold


@given(COUNTS)
def test_the_released_scorer_gives_nearly_the_same(counts: Counts) -> None:
    plain, official = score_of(counts), score_of(counts, OFFICIAL_EPSILON)
    assert official[:3] == pytest.approx(plain[:3], abs=1e-9)
    assert official.f1 < 1
