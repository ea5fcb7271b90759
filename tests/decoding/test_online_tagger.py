"""A tagger learns from what is written."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import tags_of
from gner.decoding.online_tagger import OnlineTagger

TAGS = tags_of(["person", "place"])
TAUGHT = [(["in", name], ["O", "B-place"]) for name in ("Rome", "Paris", "Lima")] + [(["in", "1950"], ["O", "O"])]


def _taught() -> OnlineTagger:
    tagger = OnlineTagger()
    for words, tags in TAUGHT * 2:
        tagger.learn(words, TAGS, tags)
    return tagger


def test_unknown_words_have_the_tags_of_words_like_them() -> None:
    sentence = _taught().sentence(["in", "Oslo", "in", "1871"], TAGS)
    assert [sentence.rank(word, "O")[0] for word in range(4)] == ["O", "B-place", "O", "O"]


def test_the_tag_before_decides_what_continues() -> None:
    tagger = OnlineTagger()
    for _ in range(4):
        tagger.learn(["New", "York"], TAGS, ["B-place", "I-place"])
        tagger.learn(["Duke", "York"], TAGS, ["O", "B-person"])
    sentence = tagger.sentence(["x", "York"], TAGS)
    assert (sentence.rank(1, "B-place")[0], sentence.rank(1, "O")[0]) == ("I-place", "B-person")


def test_a_change_of_mind_is_followed() -> None:
    tagger = _taught()
    for _ in range(5):
        tagger.learn(["in", "Rome"], TAGS, ["O", "O"])
    assert tagger.sentence(["in", "Rome"], TAGS).rank(1, "O")[0] == "O"


@given(st.lists(st.text(max_size=4), min_size=1, max_size=5), st.permutations(["place", "person", "food"]))
def test_only_tags_that_are_given_are_ranked(words: list[str], types: list[str]) -> None:
    tags = tags_of(types[:2])
    for word in range(len(words)):
        assert sorted(_taught().sentence(words, tags).rank(word, "O")) == sorted(tags)


def test_tags_that_were_not_given_teach_nothing() -> None:
    tagger = OnlineTagger()
    tagger.learn(["Rome"], TAGS, ["B-food"])
    assert tagger.is_blank


def test_what_was_learned_can_be_kept() -> None:
    tagger, other = _taught(), OnlineTagger()
    state = tagger.state_dict()
    tagger.learn(["in", "Rome"], TAGS, ["O", "B-person"])
    other.load_state_dict(state)
    other.learn(["in", "Rome"], TAGS, ["O", "B-person"])
    assert other.state_dict()["weights"].equal(tagger.state_dict()["weights"])


@pytest.mark.slow
def test_processes_learn_the_same() -> None:
    code = (
        "from gner.decoding.online_tagger import OnlineTagger; t = OnlineTagger(); "
        "t.learn(['a'], ['O', 'B-x'], ['B-x']); "
        "print(t.state_dict()['weights'].nonzero().sum().item())"
    )
    ran = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    assert ran[0].stdout == ran[1].stdout
