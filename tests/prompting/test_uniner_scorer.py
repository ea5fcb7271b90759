"""Strings as the released UniversalNER scorer counts them."""

import pytest

from gner.prompting.uniner_scorer import count_answers, official_strings
from gner.records import Counts


@pytest.mark.parametrize(
    ("answer", "strings"),
    [
        ('["The U.S.", "us", "US"]', ["us"]),
        ('["the", "!?", "Ada"]', ["", "ada"]),  # nothing is left of two, which count as one
        ('["caf\\u00e9 \\u2013 bar", "a  b"]', ["café – bar", "b"]),
        ('["Ada", "Bob"', []),
        ("", []),
    ],
)
def test_strings_are_normalized_and_counted_once(answer: str, strings: list[str]) -> None:
    assert official_strings(answer) == strings


def test_each_answer_is_compared_with_its_own() -> None:
    answers = [('["Ada"]', '["Bob"]'), ('["Bob"]', '["Ada"]'), ('["Eve", "Zoe"]', '["eve", "Eve", "x"]')]
    assert count_answers(answers) == Counts(1, 4, 4)
    assert count_answers([]) == Counts(0, 0, 0)


def test_a_right_answer_that_the_parser_cannot_read_counts_as_empty() -> None:
    assert count_answers([('["a ] b", "c"]', '["a ] b", "c"]'), ('["d ]"]', '["d"]')]) == Counts(0, 1, 0)
