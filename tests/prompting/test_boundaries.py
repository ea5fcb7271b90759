from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import OUTSIDE, find_fault, repair, tags_of
from gner.prompting.boundaries import (
    BOUNDARIES,
    Boundaries,
    Turn,
    adjacent_entities,
    from_marks,
    marks_of,
    spell,
    tags_by_spelling,
    to_marks,
)

TYPES = ("a", "b c")
TAGS = st.lists(st.sampled_from(tags_of(TYPES)), max_size=8).map(lambda tags: repair(tags)[0])


@given(TAGS, st.sampled_from(BOUNDARIES))
def test_marks_are_read_as_the_tags_that_they_are_of(tags: tuple[str, ...], boundaries: Boundaries) -> None:
    marks = to_marks(tags, boundaries)
    assert set(marks) <= set(marks_of(TYPES, boundaries))
    is_lost = boundaries == "none" and adjacent_entities(tags) is not None
    assert (from_marks(marks, boundaries) == tags) != is_lost
    assert from_marks(marks, boundaries) == from_marks(to_marks(from_marks(marks, boundaries), boundaries), boundaries)


@given(TAGS)
def test_bioes_marks_are_valid(tags: tuple[str, ...]) -> None:
    assert find_fault(to_marks(tags, "bioes"), "BIOES") is None


@given(st.lists(st.sampled_from(marks_of(TYPES, "bioes")), max_size=8))
def test_invalid_marks_are_read_as_valid_tags(marks: list[str]) -> None:
    assert find_fault(from_marks(marks, "bioes"), "IOB2") is None


@pytest.mark.parametrize("boundaries", BOUNDARIES)
def test_turns_allow_what_tags_can_be_written_with_and_nothing_else(boundaries: Boundaries) -> None:
    sequences: list[list[str]] = [[]]
    for position in range(4):
        grown = []
        for marks in sequences:
            turn = Turn.after(marks[-1] if marks else OUTSIDE, boundaries, is_last=position == 3)
            grown += [[*marks, mark] for mark in turn.marks(TYPES, boundaries)]
        sequences = grown
    for marks in sequences:
        assert to_marks(from_marks(marks, boundaries), boundaries) == marks
    valid = [tags for tags in product(tags_of(TYPES), repeat=4) if find_fault(tags, "IOB2") is None]
    assert len(sequences) == len({tuple(to_marks(tags, boundaries)) for tags in valid})


def test_a_type_is_spelt_without_a_prefix_where_there_are_no_boundaries() -> None:
    assert [spell(mark, "none") for mark in marks_of(TYPES, "none")] == ["O", "a", "b c"]
    for boundaries in BOUNDARIES:
        marks = marks_of(TYPES, boundaries)
        assert list(tags_by_spelling(TYPES, boundaries)) == [spell(mark, boundaries) for mark in marks]
