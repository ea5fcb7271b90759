"""Splitting text into sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.sentences import sentence_ends
from gner.words import SPLITTERS, Word, find_splitter


def _sentences(text: str, splitter: str = "treebank") -> list[str]:
    words = find_splitter(splitter)(text)
    ends = sentence_ends(text, words)
    return [
        text[words[start].start : words[end - 1].end]
        for start, end in zip([0, *ends], ends, strict=False)
        if end > start
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Ada slept. | Grace wrote! | Who met her? | Nobody… | No",
        "He said “Go.” | She left.",
        'He said "Go." | "I will," she said.',
        "He left (at last.) | She stayed.",
        "He said «Go!» | She left.",
        "Er sagte „Geh!“ | Sie ging.",
        "Dr. J. Smith of Acme Inc. in the U.S. Army met Mr. Wu, e.g. in 1997. | He left.",
        "It cost 3.50 dollars. | See example.com. | Then v1.2 came",
        "He paused... and went. | Then he paused... | He left.",
        "She asked why? and left.",
        "What?! | Really?!! | Yes.",
        "東京へ行った。 | 「はい。」 | と言った！ | Tokyoだ。",
        "我在北京。 | Then Tokyo。 | ok",
        "1. Milk and eggs. | 2. Bread.",
        "A heading\n\n | a paragraph\nover two lines.\n | Next",
        "Windows\r\n \r\n | text",
        'It was 5. | "No," he said.',
        "Yes . ” | He left .",
        "one\ntwo",
        "No end",
    ],
)
def test_sentences_end_where_a_reader_expects(text: str) -> None:
    expected = text.split(" | ")
    for gap in (" ", ""):  # scripts without spaces
        joined = gap.join(expected)
        if gap or any(sign in joined for sign in "。！"):
            assert _sentences(joined) == [sentence.strip() for sentence in expected]


def test_words_that_keep_their_full_stop_end_sentences_too() -> None:
    text = 'Dr. J. Smith left Rome. He said "Go." She left.'
    assert _sentences(text, "whitespace") == ["Dr. J. Smith left Rome.", 'He said "Go."', "She left."]


def test_without_words_there_are_no_ends() -> None:
    assert sentence_ends("", []) == []
    assert sentence_ends("x", [Word("x", 0, 1)]) == [1]


@pytest.mark.parametrize("splitter", SPLITTERS)
@given(text=st.text(st.characters(), max_size=80) | st.text("aB1.!?…。\n \"')”「字", max_size=200))
def test_ends_ascend_and_cover_all_words(splitter: str, text: str) -> None:
    words = find_splitter(splitter)(text)
    ends = sentence_ends(text, words)
    assert ends == sorted(set(ends))
    assert ends[-1:] == ([len(words)] if words else [])
    assert 0 not in ends
