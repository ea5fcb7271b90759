"""Texts with the offsets of their words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.errors import UserError
from gner.inference.labeller import ModelOptions
from gner.inference.texts import WordedText
from gner.words import Word, WordSplitter
from tests.conftest import MakeModel
from tests.inference.samples import TEXTS, TYPES


def test_custom_splitter_is_used_and_checked(make_model: MakeModel) -> None:
    letters = make_model(options=ModelOptions(words=lambda text: [Word(c, i, i + 1) for i, c in enumerate(text)]))
    lazy = make_model(options=ModelOptions(words=lambda text: iter(WordSplitter()(text))))  # type: ignore[arg-type]
    assert lazy.predict_entities(TEXTS[0], TYPES) == make_model().predict_entities(TEXTS[0], TYPES)
    found = letters.predict_entities("a b", TYPES, decoding="constrained")
    assert found.info.num_words == 2  # a space is no word
    wrong = make_model(options=ModelOptions(words=lambda text: [Word("x", 0, 1)]))
    with pytest.raises(UserError, match="the text has 'A'"):
        wrong.predict_entities("Ada", TYPES)


@given(st.lists(st.text(max_size=6), max_size=6))
def test_given_words_are_found_in_their_text_and_blank_ones_are_left_out(words: list[str]) -> None:
    joined = WordedText.join(words)
    assert joined.given == words
    assert [word.text for word in joined.words] == [word for word in words if word.strip()]
    for word in joined.words:
        assert joined.text[word.start : word.end] == word.text


def test_words_of_whitespace_that_a_splitter_returns_are_dropped() -> None:
    split = WordedText.split("a b", lambda text: [Word(sign, at, at + 1) for at, sign in enumerate(text)])
    assert [word.text for word in split.words] == ["a", "b"]
    assert split.sentence_ends() == [2]


@pytest.mark.parametrize("words", [["Ada", 3], [None]])
def test_words_that_are_no_text_are_refused(words: list[Any]) -> None:
    with pytest.raises(UserError, match="Expected words as text"):
        WordedText.join(words)
