import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from gner.alignment import PostProcessor
from gner.errors import UserError
from gner.prompting import GnerFormat
from gner.prompting.boundaries import Boundaries
from gner.records import Alignment, AlignmentReport, Counts
from tests.conftest import make_example

OFFICIAL_PROMPT = """\
Please analyze the sentence provided, identifying the type of entity for each word on a token-by-token basis.
Output format is: word_1(label_1), word_2(label_2), ...
We'll use the BIO-format to label the entities, where:
1. B- (Begin) indicates the start of a named entity.
2. I- (Inside) is used for words within a named entity but are not the first word.
3. O (Outside) denotes words that are not part of a named entity.

Use the specific entity tags: person, place and O.
Sentence: London calling"""


def test_the_prompt_is_that_of_the_released_checkpoints() -> None:
    [query] = GnerFormat().queries(make_example("London/B-place calling/O"))
    assert query.prompt == OFFICIAL_PROMPT
    assert query.target == "London(B-place) calling(O)"


def test_the_supervised_prompt_names_data_set_and_extra_type() -> None:
    [query] = GnerFormat(dataset_line=True, extra_type="else").queries(make_example("London/B-place calling/O"))
    assert query.prompt.endswith(
        "\nUse the specific entity tags: person, place, else and O.\nDataset: toy.\nSentence: London calling"
    )


def test_a_causal_prompt_is_wrapped() -> None:
    assert GnerFormat().turns(None).prompt("do {prompt}") == "[INST] do {prompt} [/INST]"
    with pytest.raises(ValueError, match="causal_template"):
        GnerFormat(causal_template="no place for it")


def test_reading_reports_unknown_and_repaired_tags() -> None:
    def align(words: object, written: Sequence[tuple[str, str]]) -> Alignment:
        return Alignment(tuple(tag for _, tag in written), AlignmentReport(omissions=7))

    example = make_example("London/B-place calling/O Ada/B-person")
    prediction = GnerFormat().read(example, ["London(I-place) calling(B-time) Ada(B-person) ?"], align)
    official = GnerFormat().read_official(example, ["London(I-place) calling(B-time) Ada(B-person) ?"], align)
    assert official[:2] == (("I-place", "O", "B-person"), AlignmentReport(omissions=7, unknown_tags=1))
    assert prediction.tags == ("B-place", "O", "B-person")
    assert [(entity.start, entity.type) for entity in prediction.entities] == [(0, "place"), (2, "person")]
    assert prediction.report == AlignmentReport(omissions=7, unknown_tags=1, repaired_tags=1, unparsed=1)


NEIGHBOURS = make_example("in/O New/B-place York/I-place London/B-place Ada/B-person")


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ({"boundaries": "bioes"}, "in(O) New(B-place) York(E-place) London(S-place) Ada(S-person)"),
        ({"boundaries": "none", "merge_adjacent": True}, "in(O) New(place) York(place) London(place) Ada(person)"),
        (
            {"boundaries": "none", "merge_adjacent": True, "context_window": 0, "gap_marker": "..."},
            "... New(place) York(place) London(place) Ada(person)",
        ),
    ],
)
def test_boundaries_are_marked_in_several_ways(options: dict[str, Any], target: str) -> None:
    assert GnerFormat(**options).queries(NEIGHBOURS)[0].target == target


def test_without_boundaries_entities_side_by_side_are_refused_or_merged() -> None:
    with pytest.raises(UserError, match=r"word 4, `London`.*merge_adjacent to true.*boundaries to bio or bioes"):
        GnerFormat(boundaries="none").queries(NEIGHBOURS)
    assert GnerFormat(boundaries="none").remark([make_example("London/B-place Ada/B-person")]) is None
    merging = GnerFormat(boundaries="none", merge_adjacent=True)
    [query] = merging.queries(NEIGHBOURS)
    prediction = PostProcessor(merging)(NEIGHBOURS, [query.target])
    assert [(entity.start, entity.end) for entity in prediction.entities] == [(1, 4), (4, 5)]
    assert prediction.official == Counts(num_correct=1, num_predicted=2, num_gold=3)
    assert merging.remark([NEIGHBOURS, make_example("in/O London/B-place")]) == (
        "1 of 2 sentences have entities of one type side by side, which are read as one without boundaries."
    )


def test_words_of_a_type_with_an_omitted_word_between_are_two_entities() -> None:
    example = make_example("London/O and/O Bonn/O")
    prediction = PostProcessor(GnerFormat(boundaries="none"))(example, ["London(place) Bonn(place)"])
    assert prediction.tags == ("B-place", "O", "B-place")
    assert prediction.official is not None and prediction.official.num_predicted == 2


def test_an_odd_choice_of_boundaries_is_refused() -> None:
    with pytest.raises(UserError, match=r"bio, bioes or none, got 'iob'.*model\.format\.init_args\.boundaries"):
        GnerFormat(boundaries="iob")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="the type `O`"):
        GnerFormat(boundaries="none").queries(make_example("London/O", types=("O",)))


@pytest.mark.parametrize(("boundaries", "num_repaired"), [("bio", 1), ("bioes", 1), ("none", 0)])
def test_marks_that_begin_nothing_are_repaired(boundaries: Boundaries, num_repaired: int) -> None:
    text = "London(place) calling(O)" if boundaries == "none" else "London(E-place) calling(O)"
    prediction = PostProcessor(GnerFormat(boundaries=boundaries))(make_example("London/B-place calling/O"), [text])
    assert prediction.tags == ("B-place", "O")
    assert prediction.report == AlignmentReport(repaired_tags=num_repaired)


def test_formats_load_without_torch() -> None:
    code = "import sys, gner.prompting, gner.bio, gner.records; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
