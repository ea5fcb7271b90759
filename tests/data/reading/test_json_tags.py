"""JSON with words and tags."""

from pathlib import Path
from typing import Any

import pytest

from gner.errors import UserError
from tests.data.reading.readers import read_records


def test_tags_as_numbers_need_names(tmp_path: Path) -> None:
    record = {"tokens": ["Ada", "slept"], "ner_tags": [1, 0]}
    [example], _ = read_records(tmp_path / "a.jsonl", record, tag_names=["O", "B-x", "I-x", "B-y"])
    assert example.tags == ("B-x", "O")
    assert example.types == ("x", "y")
    with pytest.raises(UserError, match=r"a.jsonl:1, word 1: .* found the number 1.*Set `tag_names`"):
        read_records(tmp_path / "a.jsonl", record)
    with pytest.raises(UserError, match=r"from 0 to 0, found 1"):
        read_records(tmp_path / "a.jsonl", record, tag_names=["O"])


def test_rows_of_the_gner_project_offer_their_own_types(tmp_path: Path) -> None:
    instance = {"id": "0", "words": ["Ada"], "labels": ["B-x"]}
    row = {"dataset": "toy", "split": "test", "label_list": ["y", "x"], "instance": instance, "prediction": "Ada(B-x)"}
    [example], _ = read_records(tmp_path / "a.jsonl", row)
    assert (example.words, example.tags, example.types) == (("Ada",), ("B-x",), ("y", "x"))


def test_whitespace_other_than_spaces_may_be_a_word(tmp_path: Path) -> None:
    [example], _ = read_records(tmp_path / "a.jsonl", {"tokens": ["\u00a0", " ", "Ada"], "tags": ["O", "O", "B-x"]})
    assert example.words == ("\u00a0", "Ada")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"tokens": ["Ada"], "tags": ["O", "O"]}, r"a.jsonl:2: expected a tag for each word, found 1 words and 2 tags"),
        ({"tokens": ["Ada", " "], "tags": ["O", "B-x"]}, r"a.jsonl:2, word 2: expected a word"),
        ({"tokens": "Ada", "tags": ["O"]}, r"a.jsonl:2: expected a list of strings as `tokens`, found 'Ada'"),
        ({"tokens": ["Ada"], "tags": [True]}, r"a.jsonl:2, word 1: expected a tag"),
        ({"tokens": ["Ada"], "tags": ["X-y"]}, r"a.jsonl:2, word 1: `X-y` has a prefix that IOB2 lacks"),
        ({"tokens": ["Ada"]}, r"a.jsonl:2: expected words .* and tags .* found an object with tokens"),
        ("Ada", r"a.jsonl:2: expected an object with words and tags, found 'Ada'"),
    ],
)
def test_bad_words_raise_with_the_line(record: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read_records(tmp_path / "a.jsonl", {"tokens": ["Ada"], "tags": ["B-x"]}, record, format="words")


def test_parts_of_speech_are_ignored_and_empty_sentences_reported(tmp_path: Path) -> None:
    rows = [{"tokens": ["Ada"], "tags": ["NOUN"], "labels": ["B-x"]}, {"tokens": [], "tags": [], "labels": []}]
    [example], counts = read_records(tmp_path / "a.jsonl", *rows)
    assert example.tags == ("B-x",)
    assert counts == {"no_words": 1}
    with pytest.raises(UserError, match=r"set `columns.tags`"):
        read_records(tmp_path / "a.jsonl", {"tokens": ["Ada"], "tags": ["NOUN"]})
