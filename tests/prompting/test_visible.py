"""Tests of how much of a text was not read."""

import pytest

from gner.prompting.visible import num_visible


@pytest.mark.parametrize(("text", "number"), [("", 0), (" \n\t\u3000", 0), ("a b\nc", 3), ("\u6771 \u4eac", 2)])
def test_whitespace_of_any_kind_does_not_count(text: str, number: int) -> None:
    assert num_visible(text) == number
