"""Reading what a model wrote."""

from gner.alignment import PostProcessor
from gner.prompting import GnerFormat
from gner.records import Counts, Generation
from tests.conftest import make_example
from tests.prompting.questions import EXAMPLE, QuestionFormat


def test_strings_that_occur_nowhere_are_counted() -> None:
    prediction = PostProcessor(QuestionFormat())(EXAMPLE, ['["Ada", "Bob"]', '["new york"]', "no list"])
    assert prediction.tags == EXAMPLE.tags
    assert prediction.report.unplaced == 1
    assert prediction.official == Counts(1, 3, 3)
    assert prediction.variants == (Counts(1, 3, 2),)  # without repeats


def test_official_tags_are_repaired_and_counted_before() -> None:
    example = make_example("Ada/B-person met/O London/B-place")
    text = "Ada(I-person) met(O) Lundon(B-place)"
    official = PostProcessor(GnerFormat(), aligner="official")
    assert official.read_official(example, [text]).tags == ("I-person", "O", "O")
    prediction = official(example, [text])
    assert prediction.tags == ("B-person", "O", "O")
    assert prediction.report.repaired_tags == 1
    robust = PostProcessor(GnerFormat())(example, [text])
    assert robust.tags == example.tags
    assert robust.official == prediction.official == Counts(1, 1, 2)  # whatever gives the tags


def test_what_was_generated_stays_with_its_prediction() -> None:
    example = make_example("Ada/B-person met/O")
    generation = Generation([1, 2], "Ada(B-person) met(O)", [-1.0, -1.0], finished=False)
    prediction = PostProcessor(GnerFormat()).read(example, [generation])
    assert prediction.generations == (generation,) and not prediction.finished
    assert [(entity.start, entity.end, entity.score) for entity in prediction.entities] == [(0, 1, None)]
