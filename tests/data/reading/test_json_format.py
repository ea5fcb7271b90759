"""Formats whose texts are JSON values or rows of a table."""

from pathlib import Path

import datasets
import pytest

from gner.data.reading.file_format import Sample
from gner.data.reading.json_format import JsonFormat
from gner.data.reading.registry import named_format
from tests.data.reading.readers import read_source
from tests.data.writers import write_json

ROW = {"tokens": ["Ada", "slept"], "ner_tags": ["B-person", "O"]}


def test_the_share_of_matching_values_tells_how_sure_a_format_is(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", [ROW, ROW, {"text": "Ada"}, {}])
    words, spans = named_format("words"), named_format("spans")
    assert (words.recognizes(Sample(tmp_path / "a.json")), spans.recognizes(Sample(tmp_path / "a.json"))) == (0.5, 0.0)
    assert isinstance(words, JsonFormat)
    assert words.share([], {}) == 0.0


@pytest.mark.parametrize("format", ["auto", "words", "huggingface"])
def test_rows_of_a_table_are_read_as_values_of_a_file(format: str, tmp_path: Path) -> None:
    datasets.Dataset.from_list([ROW]).to_parquet(str(tmp_path / "train.parquet"))
    [example] = read_source(tmp_path, format=format)
    assert (list(example.words), list(example.tags)) == (ROW["tokens"], ROW["ner_tags"])
