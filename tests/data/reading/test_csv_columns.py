"""Columns of tables by their names."""

import pytest

from gner.data.reading.csv_columns import find_columns
from gner.data.reading.csv_rows import Row

ROWS = [Row(2, ["1", "Ada", "NNP", "B-per"]), Row(3, ["1", "slept", "VBD", "O"])]


@pytest.mark.parametrize(
    ("header", "word", "tag", "sentence"),
    [
        (["Sentence #", "Word", "POS", "Tag"], 1, 3, (0,)),
        (["sent_id", "TOKEN", "tag", "ner-tag"], 1, 3, (0,)),
        (["doc", "word", "pos", "label"], 1, 3, (0,)),
        (["n", "form", "pos", "entity"], 1, 3, ()),
    ],
)
def test_names_tell_the_columns(header: list[str], word: int, tag: int, sentence: tuple[int, ...]) -> None:
    columns = find_columns(header, ROWS, {})
    assert columns is not None
    assert (columns.word, columns.tag, columns.sentence, columns.by_sentence) == (word, tag, sentence, False)


def test_names_or_numbers_can_be_set() -> None:
    header = ["a", "b", "c", "d"]
    assert find_columns(header, ROWS, {}) is None
    columns = find_columns(header, ROWS, {"words": "b", "tags": "4", "sentences": "1"})
    assert columns is not None and columns[1:4] == (1, 3, (0,))
    assert find_columns(header, ROWS, {"words": "b", "tags": "5"}) is None


def test_cells_with_several_words_are_sentences() -> None:
    columns = find_columns(["sentence", "word_labels"], [Row(2, ["Ada slept", "B-per,O"])], {})
    assert columns is not None and columns.by_sentence
