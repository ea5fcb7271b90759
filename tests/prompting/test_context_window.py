"""Which words are written, and that their entities have one place in the sentence."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gner.alignment.postprocess import PostProcessor
from gner.bio import repair
from gner.prompting import GnerFormat
from gner.prompting.boundaries import BOUNDARIES, Boundaries, adjacent_entities
from gner.prompting.context_window import words_in_context
from gner.prompting.gner_parser import parse
from gner.records import Example
from tests.conftest import make_example

FLIGHT = make_example(
    "John/B-Person explored/O Tokyo/B-Location ,/O sampling/O its/O famed/O sushi/O ,/O and/O flew/O back/O to/O "
    "New/B-Location York/I-Location ./O",
    types=("Person", "Location"),
)


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
    st.sampled_from([None, "..."]),
    st.sampled_from(BOUNDARIES),
)
def test_an_answer_in_any_window_is_read_back(
    tagged: list[tuple[str, str]], window: int, marker: str | None, boundaries: Boundaries
) -> None:
    words = tuple(word for word, _ in tagged)
    tags, _ = repair([tag for _, tag in tagged])
    example = Example(words, tags, ("x", "y"), "toy", "0")
    assume(boundaries != "none" or adjacent_entities(tags) is None)
    example_format = GnerFormat(context_window=window, gap_marker=marker, boundaries=boundaries)
    [query] = example_format.queries(example)
    official = PostProcessor(example_format, aligner="official")(example, [query.target])
    assert official.tags == tags


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="context_window"):
        GnerFormat(context_window=-1)
