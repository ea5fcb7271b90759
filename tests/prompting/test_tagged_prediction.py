import pytest

from gner.prompting import GnerFormat, InstructUieFormat
from gner.prompting.tagged_prediction import tagged_prediction
from gner.records import Counts, Entity, Example

EXAMPLE = Example(("Ada", "and", "Ada"), ("B-person", "O", "B-person"), ("person",), "toy", "0")


def test_the_published_scorer_counts_what_a_model_would_write() -> None:
    prediction = tagged_prediction(EXAMPLE, [Entity(0, 1, "person"), Entity(2, 3, "person")], GnerFormat())
    assert prediction.tags == EXAMPLE.tags
    assert prediction.official == Counts(1, 1, 1)  # the same string twice is one


def test_a_format_that_writes_no_words_has_no_count() -> None:
    assert tagged_prediction(EXAMPLE, [], InstructUieFormat()).official is None


def test_entities_must_be_flat() -> None:
    with pytest.raises(ValueError, match="flat entities"):
        tagged_prediction(EXAMPLE, [Entity(0, 2, "person"), Entity(1, 3, "person")], GnerFormat())
