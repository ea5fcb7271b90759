"""Precision, recall and F1 from counts of entities."""

from __future__ import annotations

from typing import NamedTuple

from gner.records import Counts

OFFICIAL_EPSILON = 1e-10
"""Added to every denominator by the released GNER scorer."""


class Score(NamedTuple):
    """Precision, recall and F1 in [0, 1], and the number of gold entities."""

    precision: float
    recall: float
    f1: float
    support: int


def score_of(counts: Counts, epsilon: float = 0.0) -> Score:
    """Precision, recall and F1 of counts.

    Args:
        counts: The counts.
        epsilon: Added to every denominator, as the released scorer does. With 0, a ratio with denominator 0 is 0.

    Example:
        >>> score_of(Counts(1, 2, 4))
        Score(precision=0.5, recall=0.25, f1=0.3333333333333333, support=4)
    """

    def ratio(part: float, whole: float) -> float:
        """The quotient, or 0 if the denominator is 0."""
        return part / (whole + epsilon) if whole + epsilon else 0.0

    precision = ratio(counts.num_correct, counts.num_predicted)
    recall = ratio(counts.num_correct, counts.num_gold)
    return Score(precision, recall, ratio(2 * precision * recall, precision + recall), counts.num_gold)
