import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import (
    SCHEMES,
    Scheme,
    draw_types,
    find_fault,
    keep_types,
    lenient_spans,
    repair,
    split_tag,
    to_entities,
    to_iob2,
    to_tags,
)
from gner.records import Entity

TAGS = st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b c", "I-b c"]), max_size=12)


@given(TAGS)
def test_repaired_tags_survive_the_round_trip_through_entities(tags: list[str]) -> None:
    repaired, num_changed = repair(tags)
    assert to_tags(to_entities(tags), len(tags)) == list(repaired)
    assert num_changed == sum(old != new for old, new in zip(tags, repaired, strict=True))
    assert repair(repaired) == (repaired, 0)


@given(TAGS)
def test_only_orphan_i_tags_are_repaired_and_keep_their_type(tags: list[str]) -> None:
    for old, new in zip(tags, repair(tags)[0], strict=True):
        assert new == old or (old[0], new[0], old[1:]) == ("I", "B", new[1:])


@given(TAGS)
def test_conversion_from_any_scheme_preserves_the_entities(tags: list[str]) -> None:
    entities = to_entities(tags)
    for scheme in SCHEMES:
        written = _write(entities, len(tags), scheme)
        assert find_fault(written, scheme) is None
        assert to_entities(to_iob2(written, scheme)) == entities


def _write(entities: list[Entity], num_words: int, scheme: Scheme) -> list[str]:
    """Write a scheme from its definition, independently of the code under test."""
    tags = ["O"] * num_words
    for previous, entity in zip([None, *entities], entities, strict=False):
        last = entity.end - 1
        touches = previous is not None and previous.end == entity.start and previous.type == entity.type
        for position in range(entity.start, entity.end):
            prefix = "B" if position == entity.start else "I"
            if scheme == "IOB1" and position == entity.start and not touches:
                prefix = "I"
            if scheme == "BIOES" and position == last:
                prefix = "S" if position == entity.start else "E"
            tags[position] = f"{prefix}-{entity.type}"
    return tags


@pytest.mark.parametrize(
    ("scheme", "tags", "position"),
    [
        ("IOB2", ["O", "I-a"], 1),
        ("IOB2", ["B-a", "I-b"], 1),
        ("IOB2", ["S-a"], 0),
        ("IOB1", ["I-a", "O", "B-a"], 2),
        ("IOB1", ["B-a"], 0),
        ("BIOES", ["B-a", "O"], 1),
        ("BIOES", ["B-a", "I-a"], 1),
        ("BIOES", ["E-a"], 0),
        ("BIOES", ["B-a", "E-b"], 1),
        ("IOB2", ["O", "loc"], 1),
        ("IOB2", ["B-"], 0),
        ("IOB2", ["b-a"], 0),
    ],
)
def test_the_first_violation_of_a_scheme_is_found(scheme: Scheme, tags: list[str], position: int) -> None:
    fault = find_fault(tags, scheme)
    assert fault is not None
    assert fault.position == position


def test_lenient_spans_read_tags_as_the_released_scorer_does() -> None:
    tags = ["I-a", "I-b", "B-b", "O", "B-a", "I-a"]
    assert lenient_spans(tags) == [Entity(0, 2, "b"), Entity(2, 3, "b"), Entity(4, 6, "a")]


def test_tags_of_unknown_types_become_o() -> None:
    assert keep_types(["B-a", "I-x", "nonsense"], ["a"]) == (("B-a", "O", "O"), 2)


@pytest.mark.parametrize("tag", ["", "B", "B-", "-a", "BB-a"])
def test_malformed_tags_raise(tag: str) -> None:
    with pytest.raises(ValueError, match="Expected `O`"):
        split_tag(tag)


@pytest.mark.parametrize(
    "entities", [[Entity(0, 3, "a")], [Entity(1, 1, "a")], [Entity(-1, 1, "a")], [Entity(0, 2, "a"), Entity(1, 2, "b")]]
)
def test_entities_that_cannot_be_written_raise(entities: list[Entity]) -> None:
    with pytest.raises(ValueError, match="Expected"):
        to_tags(entities, 2)


def test_types_are_left_out_by_chance_but_one_stays() -> None:
    types = ["actor", "city", "title"]
    assert draw_types(types, 0, random.Random(0)) == types
    drawn = [draw_types(types, 0.9, random.Random(seed)) for seed in range(200)]
    assert min(map(len, drawn)) == 1 and {one for [one] in (few for few in drawn if len(few) == 1)} == set(types)
    assert all(few == [kind for kind in types if kind in few] for few in drawn)  # in their order
