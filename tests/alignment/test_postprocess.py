"""Reading what a model wrote."""

from collections.abc import Sequence
from typing import get_args

from gner.alignment import PostProcessor
from gner.alignment.postprocess import AlignerName
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


def test_aligners_of_the_ablation_are_steps_of_the_official_one() -> None:
    example = make_example("Ada/B-person met/O Zoë/B-person")
    texts = {
        "equal": "Ada(B-person) met(O) Zoë(B-person)",
        "omitted": "Ada(B-person) Zoë(B-person)",
        "misspelt": "Ada(B-person) mte(O) Zoë(B-person)",
        "lost": "Ada(B-person) mte(O) Zo(B-person)",
    }

    def lose(words: Sequence[str]) -> list[str]:
        return [word.replace("ë", "") for word in words]

    found: dict[AlignerName, list[int]] = {}
    for aligner in get_args(AlignerName)[1:]:
        process = PostProcessor(GnerFormat(), lose, aligner)
        found[aligner] = [len(process(example, [text]).entities) for text in texts.values()]
    assert found["exact"] == [2, 0, 0, 0]
    assert found["subsequence"] == [2, 2, 0, 0]
    assert found["lcs"] == [2, 2, 2, 1]
    assert found["lcs+back_tokenization"] == found["official"]
    assert found["official"][3] == 2
