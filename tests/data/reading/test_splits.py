"""Splits in the names of files."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.reading.readers import read_source
from tests.data.writers import WRITERS, pairs, write_json


def test_a_source_can_set_its_split(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    assert [one.words for one in read_source(tmp_path, split="train")] == [words for words, _ in pairs("train")]
    reader = SourceReader(Source(str(tmp_path), split="validation"))
    assert [one.words for one in reader.read(reader.part_for("train"))] == [words for words, _ in pairs("dev")]
    with pytest.raises(UserError, match=r"a split called third, found train, dev, test"):
        SourceReader(Source(str(tmp_path), split="third")).part_for("train")


def test_files_of_no_split_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    WRITERS["words"](tmp_path)
    write_json(tmp_path / "more.jsonl", [{"tokens": ["a"], "tags": ["O"]}], lines=True)
    (tmp_path / "old").mkdir()
    write_json(tmp_path / "old" / "older.jsonl", [])
    reader = SourceReader(Source(str(tmp_path)))
    reader.read("train")
    with caplog.at_level("INFO"):
        reader.log("train")
    assert "files that belong to no split: more.jsonl, old/older.jsonl." in caplog.text
