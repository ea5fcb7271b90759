"""Splits in the names of files."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.data.reading.splits import Split, choose_part, find_parts, siblings, split_of, unread_files
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


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.jsonl", "train"),
        ("eng.testa", "dev"),
        ("eng.testb", "test"),
        ("validation-00000-of-00001.parquet", "dev"),
        ("en_ewt-ud-dev.iob2", "dev"),
        ("wnut17train.conll", "train"),
        ("TRAINING.TXT", "train"),
        ("latest.json", None),
        ("constraints.txt", None),
        ("developers.json", None),
    ],
)
def test_the_split_is_a_word_of_a_name(name: str, split: str | None) -> None:
    assert split_of(name) == split


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_files_of_each_split_are_found_and_others_left_out(tmp_path: Path) -> None:
    _touch(tmp_path, "train-0.json", "train-1.json", "dev.json", "README.md", "label.txt", ".git/train.json")
    parts = find_parts(tmp_path, by_file=True)
    names = {part: [path.name for path in paths] for part, paths in parts.items()}
    assert names == {"train": ["train-0.json", "train-1.json"], "dev": ["dev.json"]}
    assert unread_files(tmp_path, parts) == []


def test_folders_are_splits_too(tmp_path: Path) -> None:
    _touch(tmp_path, "train/1.txt", "train/2.txt", "test/1.txt")
    parts = find_parts(tmp_path, by_file=False)
    assert {part: len(paths) for part, paths in parts.items()} == {"train": 2, "test": 1}


def test_a_split_that_may_be_there_twice_is_refused(tmp_path: Path) -> None:
    _touch(tmp_path, "train.json", "train.conll")
    with pytest.raises(UserError, match=r"files of one kind for train, found train\.conll, train\.json"):
        find_parts(tmp_path, by_file=True)


def test_siblings_differ_in_the_split_only(tmp_path: Path) -> None:
    _touch(tmp_path, "news-train.json", "news-dev.json", "news-test.json", "mail-dev.json", "news-dev.conll", "x.json")
    found = siblings(tmp_path / "news-train.json")
    assert [path.name for path in found] == ["news-dev.json", "news-test.json"]


@pytest.mark.parametrize(
    ("parts", "wanted", "split", "expected"),
    [
        (["train", "validation"], "dev", None, "validation"),
        (["all"], "test", None, "all"),
        (["train", "extra"], "train", "extra", "extra"),
        (["train", "validation"], "train", "dev", "validation"),
    ],
)
def test_a_part_has_the_name_of_the_split_or_a_synonym(
    parts: list[str], wanted: Split, split: str | None, expected: str
) -> None:
    assert choose_part("a", parts, wanted, split) == expected
