"""String literals are written as black does, and read as Python does."""

import ast
import random

import pytest

from gner.prompting.python_literals import escape, find_literal, write_literal

PIECES = ["a", " ", '"', "'", "\\", "é", "東", "\n", "\xa0", "\u2028", "\ud800", "\x00", "{", "#", '"""', "\\x", "N{"]


@pytest.mark.parametrize(
    ("string", "literal"),
    [
        ("Ada", '"Ada"'),
        ("Ada's", '"Ada\'s"'),
        ('the "Boss"', "'the \"Boss\"'"),
        ('"it\'s"', "'\"it\\'s\"'"),
        ("\"it's Ada's\"", '"\\"it\'s Ada\'s\\""'),
        ("a\\b\n\xa0\u3000東", '"a\\\\b\\n\\xa0\\u3000東"'),
        ("\ud800", '"\\ud800"'),
        ("", '""'),
    ],
)
def test_literals_have_the_quotes_that_need_fewer_backslashes(string: str, literal: str) -> None:
    assert write_literal(string) == literal


def test_what_is_written_is_read_back_by_us_and_by_python() -> None:
    rng = random.Random(0)
    for _ in range(500):
        string = "".join(rng.choices(PIECES, k=rng.randint(0, 12)))
        literal = write_literal(string)
        found = find_literal(f"{literal}, 'next'", 0)
        assert found is not None and found.value() == string == ast.literal_eval(literal)
        for quote in "\"'":
            assert "".join(escape(one, quote) for one in string) == escape(string, quote)  # character by character


@pytest.mark.parametrize(
    "literal",
    [
        *(
            '"Ad\\x61"',
            "'\\u00e9\\U0001f600\\N{EN DASH}'",
            "r'\\d'",
            '"""a\n"b" ""c"""',
            "'''it's'''",
            '"\\\n"',
            "u'a'",
        ),
        *("'\\101\\7'", "'\\\\\\''", "''", '""""a"""', "rb'a'", "'\\a\\b\\f\\r\\t\\v'"),
    ],
)
def test_literals_mean_what_python_says(literal: str) -> None:
    found = find_literal(literal, 0)
    value = ast.literal_eval(literal)
    assert found is not None and found.end == len(literal)
    assert found.value() == (value.decode() if isinstance(value, bytes) else value)


def test_an_escape_that_python_does_not_know_is_left_without_a_warning() -> None:
    found = find_literal(r"'\d\ '", 0)
    assert found is not None and found.value() == r"\d\ "


@pytest.mark.parametrize("literal", [r"'\x1'", r"'\u12'", r"'\U99999999'", r"'\Uffffffff'", r"'\N{NOTHING}'", r"'\N'"])
def test_a_broken_escape_is_refused(literal: str) -> None:
    found = find_literal(literal, 0)
    assert found is not None
    with pytest.raises(ValueError, match="Expected"):
        found.value()


@pytest.mark.parametrize("text", ["", "Ada", '"Ada', "'Ada\n'", '"""Ada""', "'\\'", "xr'a'"])
def test_what_does_not_start_or_end_is_no_literal(text: str) -> None:
    assert find_literal(text, 0) is None
