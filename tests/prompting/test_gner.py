import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.alignment.postprocess import PostProcessor
from gner.bio import repair
from gner.prompting import GnerFormat
from gner.prompting.gner import words_in_context
from gner.prompting.gner_parser import parse
from gner.records import Alignment, AlignmentReport, Example
from tests.conftest import make_example

FLIGHT = make_example(
    "John/B-Person explored/O Tokyo/B-Location ,/O sampling/O its/O famed/O sushi/O ,/O and/O flew/O back/O to/O "
    "New/B-Location York/I-Location ./O",
    types=("Person", "Location"),
)
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
    assert GnerFormat().causal_prompt("do {prompt}") == "[INST] do {prompt} [/INST]"
    with pytest.raises(ValueError, match="causal_template"):
        GnerFormat(causal_template="no place for it")


@pytest.mark.parametrize(
    ("window", "marker", "written"),
    [
        (0, None, "John(B-Person) Tokyo(B-Location) New(B-Location) York(I-Location)"),
        (
            2,
            None,
            "John(B-Person) explored(O) Tokyo(B-Location) ,(O) sampling(O) back(O) to(O) New(B-Location) "
            "York(I-Location) .(O)",
        ),
        (
            2,
            "...",
            "John(B-Person) explored(O) Tokyo(B-Location) ,(O) sampling(O) ... back(O) to(O) New(B-Location) "
            "York(I-Location) .(O)",
        ),
        (0, "...", "John(B-Person) ... Tokyo(B-Location) ... New(B-Location) York(I-Location) ..."),
    ],
)
def test_the_context_window_keeps_words_near_entities(window: int, marker: str | None, written: str) -> None:
    """The example of the paper's figure 3."""
    example_format = GnerFormat(context_window=window, gap_marker=marker)
    assert example_format.queries(FLIGHT)[0].target == written
    pairs, unparsed, _ = parse(written, FLIGHT.words, FLIGHT.types, marker)
    kept = [f"{word}({tag})" for word, tag in pairs]
    assert " ".join(kept) == " ".join(part for part in written.split() if part != marker)
    assert unparsed == 0


def test_a_window_as_long_as_the_sentence_keeps_every_word() -> None:
    assert GnerFormat(context_window=16).queries(FLIGHT) == GnerFormat().queries(FLIGHT)


def test_a_sentence_without_entities_has_an_empty_target_under_a_window() -> None:
    assert GnerFormat(context_window=1).queries(make_example("nothing/O here/O"))[0].target == ""


@pytest.mark.parametrize(
    ("window", "text", "target"),
    [
        (0, "us/O in/O US/B-place", "in(O) US(B-place)"),
        (0, "Ada/B-person met/O Ada/O", "Ada(B-person) met(O)"),
        (0, "Ada/B-person met/O the/O Ada/B-person", "Ada(B-person) Ada(B-person)"),
        (1, "the/O Ada/B-person the/O the/O", "the(O) Ada(B-person) the(O)"),
        (1, "x/O in/O US/O and/O in/O US/B-place", "and(O) in(O) US(B-place)"),
    ],
)
def test_the_window_is_wider_where_an_entity_could_be_in_two_places(window: int, text: str, target: str) -> None:
    example_format, example = GnerFormat(context_window=window), make_example(text)
    assert example_format.queries(example)[0].target == target
    remark = example_format.remark([example, make_example("Ada/B-person met/O nobody/O")])
    is_wider = sum(words_in_context(example.tags, window)) < target.count(" ") + 1
    assert remark == (
        f"1 of 2 sentences are written with a wider context_window than {window}, as their entities could otherwise "
        "belong to other places of the same words."
        if is_wider
        else None
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "A", "b", "bb", "word"]), st.sampled_from(["O", "O", "B-x", "I-x", "B-y"])),
        max_size=8,
    ),
    st.integers(0, 2),
)
def test_an_answer_in_any_window_is_read_back(tagged: list[tuple[str, str]], window: int) -> None:
    words = tuple(word for word, _ in tagged)
    tags, _ = repair([tag for _, tag in tagged])
    example = Example(words, tags, ("x", "y"), "toy", "0")
    example_format = GnerFormat(context_window=window)
    [query] = example_format.queries(example)
    official = PostProcessor(example_format, aligner="official")(example, [query.target])
    assert official.tags == tags


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="context_window"):
        GnerFormat(context_window=-1)


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


def test_formats_load_without_torch() -> None:
    code = "import sys, gner.prompting, gner.bio, gner.records; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
