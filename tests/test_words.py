"""Splitting text into words with offsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.errors import UserError
from gner.words import MAX_WORD_LENGTH, SPLITTERS, WordSplitter, find_splitter


@pytest.mark.parametrize("name", SPLITTERS)
@given(text=st.text(st.characters(), max_size=80) | st.text("a'’.-@#&+ (\u200b\u0301\u200d字ก1,\xa0", max_size=300))
def test_words_are_slices_of_the_text_and_only_gaps_are_left_out(name: str, text: str) -> None:
    words = find_splitter(name)(text)
    end = 0
    for word in words:
        assert text[word.start : word.end] == word.text != ""
        assert word.start >= end
        assert len(word.text) <= MAX_WORD_LENGTH
        end = word.end
    kept = {position for word in words for position in range(word.start, word.end)}
    assert not any(text[i].isalnum() for i in range(len(text)) if i not in kept)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mr. Wu, of Acme Inc. (U.S.), left.", "Mr. | Wu | , | of | Acme | Inc. | ( | U.S. | ) | , | left | ."),
        ("J. K. Rowling wrote it, e.g. in 1997.", "J. | K. | Rowling | wrote | it | , | e.g. | in | 1997 | ."),
        ("$3.50 or 1,000% at 10:30...", "$ | 3.50 | or | 1,000 | % | at | 10:30 | ..."),
        ("Houten-Groeneveld and/or AT&T", "Houten-Groeneveld | and | / | or | AT&T"),
        ("C++, C# and F#!!", "C++ | , | C# | and | F# | !!"),
        ("1939–1945 “quoted”", "1939 | – | 1945 | “ | quoted | ”"),
        ("see http://a.b/c?d=e. or www.x.org,", "see | http://a.b/c?d=e | . | or | www.x.org | ,"),
        ("@user #tag mail@x.org example.com", "@user | #tag | mail@x.org | example.com"),
        ("a\u200bb\xa0c\x00d\ufeff", "a | b | c | d"),
        ("می‌خواهم हिन्दी cafe\u0301 co\u00adop", "می‌خواهم | हिन्दी | cafe\u0301 | co\u00adop"),
        ("👍🏽👨‍👩‍👧🇩🇪", "👍🏽 | 👨‍👩‍👧 | 🇩🇪"),
        ("在Tokyo的ソニー、", "在 | Tokyo | 的 | ソ | ニ | ー | 、"),
        ("ที่กรุงเทพ", "ที่ | ก | รุ | ง | เ | ท | พ"),
        ("서울에서", "서울에서"),
        (" \t\n", ""),
    ],
)
def test_texts_are_split_like_corpora(text: str, words: str) -> None:
    assert " | ".join(word.text for word in WordSplitter()(text)) == words


@pytest.mark.parametrize(
    ("contractions", "words"),
    [
        ("treebank", "I | do | n't | know | O'Reilly | 's | boys | '"),
        ("apostrophe", "I | don | 't | know | O | 'Reilly | 's | boys | '"),
        ("whole", "I | don't | know | O'Reilly's | boys'"),
        ("whitespace", "I | don't | know | O'Reilly's | boys'"),
    ],
)
def test_contractions_are_configurable(contractions: str, words: str) -> None:
    split = find_splitter(contractions)
    assert " | ".join(word.text for word in split("I don't know O'Reilly's boys'")) == words


def test_a_function_is_a_splitter_and_an_unknown_name_raises() -> None:
    own = WordSplitter("whole")
    assert find_splitter(own) is own
    with pytest.raises(UserError, match="treebank, apostrophe, whole, whitespace"):
        find_splitter("spaces")
    with pytest.raises(UserError, match="treebank"):
        WordSplitter("spaces")  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", ["x", "www.", "a+", "http://", "a@a.", "'", "\u0301", "aaa.bbb.", "🇩🇪"])
def test_splitting_is_linear_time_on_any_text(unit: str) -> None:
    """Quadratic time would take hours."""
    text = unit * (200_000 // len(unit))
    assert "".join(word.text for word in WordSplitter()(text)) == text
