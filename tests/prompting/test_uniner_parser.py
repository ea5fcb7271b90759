"""Lists of strings as models write them."""

import json
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.prompting.uniner_parser import parse_list, parse_official
from gner.prompting.visible import num_visible

PIECES = [
    *('"', "'", "[", "]", "{", "}", ",", ":", "\\", "\\u", "\\ud83d", "\\x4", "\ud800", "\n", " ", "\u2028", "é", "😀"),
    *("null", "1e999", "9" * 5000, "Ada", "ASSISTANT:", "USER:", "</s>", '["Ada", "Bob"]', "__import__('os')"),
]


def _strings(text: str) -> list[str]:
    return [one.string for one in parse_list(text).strings]


@given(st.lists(st.text(), max_size=4), st.booleans())
def test_what_json_writes_is_read_back(strings: list[str], ascii_only: bool) -> None:
    text = json.dumps(strings, ensure_ascii=ascii_only)
    parsed = parse_list(text)
    assert [one.string for one in parsed.strings] == strings
    assert parsed.unparsed == 0
    assert all(json.loads(text[one.start - 1 : one.end + 1]) == one.string for one in parsed.strings)


@pytest.mark.parametrize("strings", [["Ada", "O'Brien"], ['The "Boss"', "both ' and \""], ["a\n\\b", "Zoë", "\x07"]])
def test_what_python_writes_is_read_back(strings: list[str]) -> None:
    assert _strings(str(strings)) == strings


@pytest.mark.parametrize(
    ("text", "strings", "unparsed"),
    [
        ("[]", [], 0),
        ("", [], 0),
        ("None", [], 4),
        (' ["Ada"]\n', ["Ada"], 0),
        ('["Ada", "Bob', ["Ada"], 4),
        ('["Ada", "Bob"', ["Ada", "Bob"], 0),
        ('["Ada", ', ["Ada"], 0),
        ('["Ada",]', ["Ada"], 0),
        ('["Ada" "Bob"]', ["Ada", "Bob"], 0),
        ('["Ada"], as the text says "Eve".', ["Ada"], 20),
        ('["Ada"]</s>USER: Who? ASSISTANT: ["Eve"]', ["Ada"], 30),
        ('The names: ["Ada"]', ["Ada"], 9),
        ('USER: Text: [1] Eve ASSISTANT: ["Ada"]', ["Ada"], 0),
        ('ASSISTANT: ["ASSISTANT: Ada"]', ["ASSISTANT: Ada"], 0),
        ("['Ada', \"O'Brien\", 'O'Neill']", ["Ada", "O'Brien", "O'Neill"], 0),
        ('["The "Boss"", "a ] b", "two\nlines"]', ['The "Boss"', "a ] b", "two\nlines"], 0),
        ('["Ada", 7, null, {"name": "Eve", "b": [1, 2]}, ["Bob", "Eve"], "Zoe"]', ["Ada", "Zoe"], 42),
        ('[Eve, "Ada"]', ["Ada"], 3),
        (r'["Zo\u00eb", "\ud83d\ude00", "\x41da", "a\/b", "\q", "\\"]', ["Zoë", "😀", "Ada", "a/b", r"\q", "\\"], 0),
        ('[["Ada"', [], 6),
    ],
)
def test_other_lists_give_what_is_clear(text: str, strings: list[str], unparsed: int) -> None:
    assert (_strings(text), parse_list(text).unparsed) == (strings, unparsed)


@pytest.mark.parametrize(
    ("text", "strings", "unparsed"),
    [
        ('["Ada", "Ada"]', ["Ada", "Ada"], 0),
        ('ASSISTANT: []\nASSISTANT:\n["Ada"] and so on', ["Ada"], 7),
        ('Names: ["Ada"]', [], 13),
        ('["Ada"', [], 6),
        ('["Ada",]', [], 8),
        ("['Ada']", [], 7),
        ('["Ada",\n"Bob"]', [], 13),
        ('["a ] b"]', [], 7),
        ('[["Ada"]]', [], 9),
        ('["Ada", null]', [], 12),
        ('["Ada", NaN]', [], 11),
        ('["Zo\\u00eb", "\\ud800"]', ["Zoë", "\ud800"], 0),
        ("[" * 5000 + "]", [], 5001),
        ("[" + '{"a":' * 100_000 + "]", [], 500_002),
        (f"[{'9' * 5000}]", [], 5002),
    ],
)
def test_the_official_parser_reads_nothing_else_than_json_on_one_line(
    text: str, strings: list[str], unparsed: int
) -> None:
    assert parse_official(text) == (strings, unparsed)


def test_any_text_is_read() -> None:
    rng = random.Random(0)
    for _ in range(3000):
        text = rng.choice(("", "[", '["')) + "".join(rng.choices(PIECES, k=rng.randrange(20)))
        parsed, official = parse_list(text), parse_official(text)
        for one in parsed.strings:
            assert text[one.start - 1] == text[one.end] in "\"'"
        assert 0 <= parsed.unparsed <= num_visible(text)
        if official.strings and "ASSISTANT:" not in text:
            assert [one.string for one in parsed.strings] == official.strings


@pytest.mark.parametrize(
    "piece", ["[", '["', '["a" ', '" ', '["\\', '\\"', '[x"\\"', "[{", "ASSISTANT:[", "['a'b", " "]
)
def test_the_time_is_linear(piece: str) -> None:
    for start in ("", "[", '["'):
        began = time.perf_counter()
        parse_list(start + piece * 100_000)
        parse_official(start + piece * 100_000)
        assert time.perf_counter() - began < 5  # a quadratic one takes an hour
