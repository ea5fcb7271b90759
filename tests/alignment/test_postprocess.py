"""Reading what a model wrote."""

from gner.alignment import PostProcessor
from gner.records import Counts
from tests.prompting.questions import EXAMPLE, QuestionFormat


def test_strings_that_occur_nowhere_are_counted() -> None:
    prediction = PostProcessor(QuestionFormat())(EXAMPLE, ['["Ada", "Bob"]', '["new york"]', "no list"])
    assert prediction.tags == EXAMPLE.tags
    assert prediction.report.unplaced == 1
    assert prediction.official == Counts(1, 3, 3)
