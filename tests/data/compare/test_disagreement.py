"""Kinds of disagreements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import repair, to_entities
from gner.data.compare.disagreement import find_disagreements
from gner.records import Entity

TAGS = st.lists(st.sampled_from(["O", "B-x", "I-x", "B-y", "I-y"]), min_size=6, max_size=6).map(lambda t: repair(t)[0])


@pytest.mark.parametrize(
    ("a", "b", "kinds"),
    [
        ([Entity(0, 1, "x")], [Entity(0, 1, "x", 0.3)], []),
        ([Entity(0, 1, "x")], [], ["only_a"]),
        ([], [Entity(0, 1, "x")], ["only_b"]),
        ([Entity(0, 1, "x")], [Entity(0, 1, "y")], ["type"]),
        ([Entity(0, 2, "x")], [Entity(1, 2, "y")], ["borders"]),
        ([Entity(0, 3, "x")], [Entity(0, 1, "x"), Entity(2, 3, "x")], ["borders", "borders"]),
        ([Entity(4, 5, "x"), Entity(0, 1, "x")], [Entity(2, 3, "x")], ["only_a", "only_b", "only_a"]),
    ],
)
def test_each_kind_is_found_in_text_order(a: list[Entity], b: list[Entity], kinds: list[str]) -> None:
    assert [one.kind for one in find_disagreements(a, b)] == kinds


@given(TAGS, TAGS)
def test_all_that_differs_is_named(tags_a: tuple[str, ...], tags_b: tuple[str, ...]) -> None:
    a, b = to_entities(tags_a), to_entities(tags_b)
    found = find_disagreements(a, b)
    assert {one.a for one in found} - {None} == set(a) - set(b)
    assert {one.b for one in found} - {None} == set(b) - set(a)
    mirrored = {"only_a": "only_b", "only_b": "only_a"}
    swapped = [(mirrored.get(one.kind, one.kind), one.b, one.a) for one in find_disagreements(b, a)]
    assert sorted(map(repr, map(tuple, found))) == sorted(map(repr, swapped))
