"""Tags are expected from what was written before."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import follows, tags_of
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.word_tokens import TrieNode
from gner.records import Example

TYPES = ("person", "place")
TAGS = tags_of(TYPES)
WORDS = ["Ada", "London", "in", "1950", "the"]


def _example(words: Sequence[str]) -> Example:
    return Example(tuple(words), ("O",) * len(words), TYPES, "toy", "0")


def _open(before: str) -> TrieNode:
    """The tags that may follow one, each written with a token of its own."""
    return TrieNode.of({tag: [number] for number, tag in enumerate(TAGS) if follows(before, tag)})


def test_a_sentence_that_was_seen_has_its_tags_again() -> None:
    memory, example = TagMemory(), _example(["Ada", "in", "London"])
    memory.learn(example, ["B-person", "O", "B-place"])
    memory.learn(_example(["London"]), ["O"])
    assert [memory.rank(example, word, "O")[0] for word in range(3)] == ["B-person", "O", "B-place"]


def test_a_word_that_was_seen_elsewhere_has_its_latest_tag() -> None:
    memory = TagMemory()
    memory.learn(_example(["London", "calling"]), ["B-person", "O"])
    memory.learn(_example(["London", "again"]), ["B-place", "O"])
    assert memory.rank(_example(["to", "London"]), 1, "O")[0] == "B-place"


def test_an_unknown_word_has_the_tag_of_words_of_its_shape_after_the_same_word() -> None:
    memory = TagMemory()
    for name, number in (("Rome", "12"), ("Paris", "13"), ("Ada", "14")):
        tag = "B-person" if name == "Ada" else "B-place"
        memory.learn(_example(["in", name, "in", number]), ["O", tag, "O", "O"])
    assert memory.rank(_example(["in", "Oslo"]), 1, "O")[0] == "B-place"  # twice as often as a person
    assert memory.rank(_example(["in", "1950"]), 1, "O")[0] == "O"


def test_nothing_is_expected_without_a_memory() -> None:
    assert TagMemory().rank(_example(["Ada"]), 0, "O") == []


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(TAGS)), max_size=8), st.sampled_from(TAGS))
def test_only_a_tag_that_may_follow_is_guessed(seen: list[tuple[str, str]], before: str) -> None:
    memory = TagMemory()
    memory.learn(_example([word for word, _ in seen]), [tag for _, tag in seen])
    guesses = Guesses(memory, _example(WORDS))
    for word in range(len(WORDS)):
        assert follows(before, guesses.tag(word, before, _open(before)))


@pytest.mark.parametrize("tag", ["O", "B-place"])
def test_what_a_model_showed_it_wants_is_guessed_whatever_the_memory_expects(tag: str) -> None:
    memory = TagMemory()
    memory.learn(_example(["Ada", "left"]), ["B-person", "O"])
    guesses = Guesses(memory, _example(["Ada"]))
    assert guesses.tag(0, "O", _open("O")) == "B-person"
    guesses.show(0, "O", TrieNode.of({tag: [1]}))
    assert guesses.tag(0, "O", _open("O")) == tag
