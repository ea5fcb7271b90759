"""Strings find their places."""

import pytest

from gner.data.reading.placing import place_string
from gner.words import WordSplitter


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
    places = place_string(text, WordSplitter()(text), string)
    assert [text[start:end] for start, end in places] == expected
