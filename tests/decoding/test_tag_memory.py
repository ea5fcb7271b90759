"""Tags are expected from what was written before."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import follows, tags_of
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.word_tokens import TrieNode
from gner.prompting import GnerFormat, UniNerFormat
from gner.prompting.boundaries import BOUNDARIES, Boundaries, marks_of, to_marks
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
    for _ in range(5):
        memory.learn(_example(["London"]), ["O"])
    guesses = Guesses(memory, example)
    assert [guesses.tag(word, "O", _open("O")) for word in range(3)] == ["B-person", "O", "B-place"]


def test_a_sentence_that_was_seen_with_other_types_is_another() -> None:
    memory, example = TagMemory(), _example(["Ada"])
    memory.learn(example, ["B-person"])
    assert memory.recall(replace(example, types=("place",))) is None


def test_o_is_expected_without_a_memory() -> None:
    assert Guesses(TagMemory(), _example(["Ada"])).tag(0, "O", _open("O")) == "O"


@pytest.mark.parametrize("boundaries", BOUNDARIES)
def test_gold_warms_a_memory_that_knows_nothing(boundaries: Boundaries) -> None:
    memory, format = TagMemory(), GnerFormat(boundaries=boundaries)
    gold = replace(_example(["in", "London"]), tags=("O", "B-place"))
    memory.warm(format, [gold] * 5)
    [_, expected] = to_marks(gold.tags, boundaries)
    sentence = memory.tagger.sentence(["in", "Rome"], marks_of(TYPES, boundaries))
    assert sentence.rank(1, "O")[0] == expected
    assert memory.recall(gold) is None  # the model did not write it
    state = memory.state_dict()["tagger"]["weights"]
    memory.warm(format, [gold])
    assert memory.state_dict()["tagger"]["weights"].equal(state)


def test_a_share_of_much_gold_is_learned() -> None:
    many = [replace(_example([f"w{number % 7}"] * 100), tags=("O",) * 100) for number in range(2_000)]
    started = time.process_time()
    TagMemory().warm(GnerFormat(), many)
    assert time.process_time() - started < 10


def test_formats_that_list_strings_have_nothing_to_warm_or_keep() -> None:
    memory = TagMemory()
    memory.warm(UniNerFormat(), [_example(["Ada"])])
    assert memory.state_dict() == {}
    memory.load_state_dict({})
    assert memory.tagger.is_blank


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
