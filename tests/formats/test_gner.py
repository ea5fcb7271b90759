import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import repair, tags_of
from gner.formats import GnerFormat
from gner.formats.gner import parse
from gner.types import Alignment, AlignmentReport, Example, TaggedWord
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

ODD_WORDS = ["(B-52)", "H2(O)", "(O)", "(", ")", "a(b)c", "...", "(O)(O)", "中文", "f(B-x)", "O", "\u00a0x"]
ODD_TYPES = ["person (fictional)", "x, y", "52", "a(b", "O", "B-x"]


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
    pairs, unparsed = parse(written, FLIGHT, marker)
    kept = [f"{word}({tag})" for word, tag in pairs]
    assert " ".join(kept) == " ".join(part for part in written.split() if part != marker)
    assert unparsed == 0


def test_a_window_as_long_as_the_sentence_keeps_every_word() -> None:
    assert GnerFormat(context_window=16).queries(FLIGHT) == GnerFormat().queries(FLIGHT)


def test_a_sentence_without_entities_has_an_empty_target_under_a_window() -> None:
    assert GnerFormat(context_window=1).queries(make_example("nothing/O here/O"))[0].target == ""


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="context_window"):
        GnerFormat(context_window=-1)


@st.composite
def odd_examples(draw: st.DrawFn) -> Example:
    types = draw(st.lists(st.sampled_from(ODD_TYPES), min_size=1, max_size=3, unique=True))
    word = st.sampled_from(ODD_WORDS) | st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=5)
    words = draw(st.lists(word, min_size=1, max_size=8))
    tags = draw(st.lists(st.sampled_from(tags_of(types)), min_size=len(words), max_size=len(words)))
    return Example(tuple(words), repair(tags)[0], tuple(types), "odd", "0")


@given(odd_examples())
def test_parsing_inverts_writing(example: Example) -> None:
    text = GnerFormat().draft(example, example.tags)
    expected = [TaggedWord(*pair) for pair in zip(example.words, example.tags, strict=True)]
    assert parse(text, example) == (expected, 0)


@given(st.text(), odd_examples())
def test_any_text_is_parsed(text: str, example: Example) -> None:
    pairs, unparsed = parse(text, example)
    assert unparsed >= 0
    assert all(pair.word for pair in pairs)


@pytest.mark.parametrize(
    ("text", "pairs", "unparsed"),
    [
        ("", [], 0),
        ("London", [], 6),
        ("London (B-place) calling(O)", [("London", "B-place"), ("calling", "O")], 0),
        ("London(B-place).(O) call", [("London", "B-place"), (".", "O")], 4),
        ("new york(B-place)", [("new york", "B-place")], 0),
        ("(O) London(B-pla ce)", [("London", "B-pla ce")], 3),
    ],
)
def test_free_text_is_cut_as_the_released_scorer_cuts_it(text: str, pairs: list[TaggedWord], unparsed: int) -> None:
    assert parse(text, make_example("London/B-place calling/O")) == (pairs, unparsed)


def test_reading_reports_unknown_and_repaired_tags() -> None:
    def align(words: object, written: list[TaggedWord]) -> Alignment:
        return Alignment(tuple(pair.tag for pair in written), AlignmentReport(omissions=7))

    example = make_example("London/B-place calling/O Ada/B-person")
    prediction = GnerFormat().read(example, ["London(I-place) calling(B-time) Ada(B-person) ?"], align)
    assert prediction.tags == ("B-place", "O", "B-person")
    assert prediction.aligned_tags == ("I-place", "O", "B-person")
    assert [(entity.start, entity.type) for entity in prediction.entities] == [(0, "place"), (2, "person")]
    assert prediction.report == AlignmentReport(omissions=7, unknown_tags=1, repaired_tags=1, unparsed=1)


def test_formats_load_without_torch() -> None:
    code = "import sys, gner.formats, gner.bio, gner.types; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
