"""Strings are put back on the words of their sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.alignment.strings import Rule, find_string, place_strings
from gner.bio import to_entities
from gner.data.reading.run_sources import read_dataset
from gner.records import Entity
from gner.words import WordSplitter
from tests.conftest import SHARED_DATA

RULES: tuple[Rule, ...] = ("every occurrence", "next place")
WORDS = ["Ada", "met", "ada", "in", "New", "York", "and", "New", "York", "Ada"]


@pytest.mark.parametrize(
    ("text", "string", "expected"),
    [
        ("Ann met Anna and Ann.", "Ann", ["Ann", "Ann"]),
        ("the US and us", "US", ["US"]),
        ("the US and us", "Us", ["US", "us"]),
        ("New\n York", "New York", ["New\n York"]),
        ("in the U.S. now", "U.S", ["U.S"]),
        ("a London-based firm", "London", ["London"]),
        ("Londoners", "London", []),
        ("我在北京。", "北京", ["北京"]),
        ("C++ (and C)", "C++", ["C++"]),
        ("a [b] c", "[b]", ["[b]"]),
        ("anything", " ", []),
    ],
)
def test_every_place_at_word_ends_is_found(text: str, string: str, expected: list[str]) -> None:
    places = find_string(text, WordSplitter()(text), string)
    assert [text[start:end] for start, end in places] == expected


@pytest.mark.parametrize(
    ("rule", "strings", "expected", "num_unplaced"),
    [
        ("every occurrence", ["Ada"], [(0, 1), (9, 10)], 0),
        ("every occurrence", ["Ada", "Ada", "Bob", "Bob"], [(0, 1), (9, 10)], 2),
        ("every occurrence", ["York", "New York"], [(4, 6), (7, 9)], 0),
        ("next place", ["Ada"], [(0, 1)], 0),
        ("next place", ["Ada", "Ada", "Ada"], [(0, 1), (9, 10)], 1),
        ("next place", ["New York", "Ada"], [(4, 6), (9, 10)], 0),
        ("next place", ["New York", "Ada", "ada"], [(2, 3), (4, 6), (9, 10)], 0),
        ("next place", ["New York", "York"], [(4, 6), (8, 9)], 0),
        ("next place", ["", "!"], [], 2),
    ],
)
def test_each_rule_places_strings(
    rule: Rule, strings: list[str], expected: list[tuple[int, int]], num_unplaced: int
) -> None:
    placed = place_strings(WORDS, [(string, "x") for string in strings], rule)
    assert placed.entities == [Entity(start, end, "x") for start, end in expected]
    assert placed.num_unplaced == num_unplaced


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=4), max_size=8),
    st.lists(st.tuples(st.text(max_size=6), st.sampled_from("xy")), max_size=6),
    st.sampled_from(RULES),
)
def test_any_strings_give_entities_in_order_without_overlap(
    words: list[str], strings: list[tuple[str, str]], rule: Rule
) -> None:
    placed = place_strings(words, strings, rule)
    ends = [0]
    for entity in placed.entities:
        assert ends[-1] <= entity.start < entity.end <= len(words)
        ends.append(entity.end)
    assert 0 <= placed.num_unplaced <= len(strings)
    assert len(placed.prediction(len(words)).tags) == len(words)


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="no real datasets here")
@pytest.mark.parametrize("name", ["crossner_ai", "mit-restaurant"])
@pytest.mark.parametrize("rule", RULES)
def test_gold_strings_are_put_back_nearly_without_loss(rule: Rule, name: str) -> None:
    correct = predicted = num_gold = 0
    for example in read_dataset(SHARED_DATA, name, "test"):
        gold = to_entities(example.tags)
        strings = [(" ".join(example.words[entity.start : entity.end]), entity.type) for entity in gold]
        placed = place_strings(example.words, strings, rule)
        assert placed.num_unplaced == 0
        correct += len(set(gold) & set(placed.entities))
        predicted, num_gold = predicted + len(placed.entities), num_gold + len(gold)
    assert 2 * correct / (predicted + num_gold) > 0.998


def test_a_place_within_a_word_does_not_hide_one_at_the_edges_of_words() -> None:
    words = ["R&D;", ";", ";"]
    assert place_strings(words, [("; ;", "t")], "next place").entities == [Entity(1, 3, "t")]
    for word in ("ha", "HA"):
        placed = place_strings([word] * 5, [("ha  ha", "t")], "every occurrence")
        assert placed.entities == [Entity(0, 2, "t"), Entity(2, 4, "t")]
