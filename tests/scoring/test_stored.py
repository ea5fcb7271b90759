"""Entities count as they were stored, whatever the text says."""

import pytest

from gner.errors import UserError
from gner.records import Example
from gner.scoring.prediction_file import Row
from gner.scoring.stored import StoredAnswers

EXAMPLE = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0", "toy.jsonl:1")


def _row(*entities: tuple[int, int]) -> Row:
    found = [{"start": start, "end": end, "type": "person"} for start, end in entities]
    return Row(EXAMPLE, ["Ada(B-person) slept(O)"], True, {"entities": found})


def test_scores_are_those_of_the_stored_entities() -> None:
    answers = StoredAnswers()
    tags = [answer.prediction.tags for answer in answers([_row((0, 1)), _row((0, 2)), _row()])]
    assert tags == [("B-person", "O"), ("B-person", "I-person"), ("O", "O")]
    strict = answers.scores().overall.strict
    assert (strict.precision, strict.recall) == (0.5, pytest.approx(1 / 3))


def test_a_row_without_entities_is_refused() -> None:
    with pytest.raises(UserError, match=r"toy.jsonl:1: expected `entities`"):
        list(StoredAnswers()([Row(EXAMPLE, ["Ada(O)"], True, {})]))
