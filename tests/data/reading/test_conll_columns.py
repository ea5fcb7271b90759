"""Choosing columns from a sample of rows."""

import pytest

from gner.data.reading.conll_columns import ColumnSample, holds_tags
from gner.errors import UserError


def _sample(text: str) -> ColumnSample:
    sentences = [[line.split() for line in sentence.splitlines()] for sentence in text.split("\n\n")]
    return ColumnSample({"a.conll": sentences}, len(sentences[0][0]))


def test_rows_of_another_width_are_left_out() -> None:
    assert _sample("1 Ada O\nslept O\n2 Bob O").find_word([0, 1]) == 1


def test_a_few_mistakes_do_not_hide_a_column_of_tags() -> None:
    rows = [["x", "O"]] * 19 + [["x", "PER"]]
    assert holds_tags(rows, 1) and not holds_tags(rows, 0)
    assert not holds_tags(rows[-2:], 1)


def test_phrases_are_no_entities() -> None:
    sample = _sample("Ada B-NP B-person\nslept B-VP O")
    tagged = sample.tag_columns(0)
    assert (tagged, sample.entity_columns(tagged)) == ([1, 2], [2])


def test_the_last_column_has_the_tags_if_there_are_no_entities() -> None:
    sample = _sample("Ada B-NP O\nslept B-VP O")
    assert sample.find_tag([1, 2], []) == 2


def test_one_word_does_not_show_that_numbers_count() -> None:
    with pytest.raises(UserError, match="column 1 has only numbers"):
        _sample("1984 CD O\n\n7 CD O").find_word([0, 1])
