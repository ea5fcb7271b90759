"""Entities as the released scorer compares them."""

import pytest

from gner.prompting.gner_scorer import count_pairs, official_pairs
from gner.records import Counts
from gner.scoring import normalise


@pytest.mark.parametrize(
    ("text", "cleaned"), [("The U.S. Open", "us open"), ("C++", "c"), ("A", ""), ("theory", "theory")]
)
def test_texts_are_normalised(text: str, cleaned: str) -> None:
    assert normalise(text) == cleaned


def test_a_pair_counts_once_however_often_and_wherever_it_is() -> None:
    words = ["The", "U.S.", ",", "us", "and", "Rome"]
    gold = ["B-place", "I-place", "O", "B-place", "O", "B-place"]
    assert official_pairs(words, gold) == [("us", "place"), ("rome", "place")]
    assert count_pairs(words, gold, ["O"] * 5 + ["B-place"]) == Counts(1, 1, 2)
    assert count_pairs(words, gold, ["O", "O", "O", "B-Place!", "O", "B-person"]) == Counts(1, 2, 2)
