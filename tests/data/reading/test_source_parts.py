"""Which part of a source is read for a split."""

from pathlib import Path

import pytest

from gner.data.reading.detect import open_source
from gner.data.reading.source import Source
from gner.data.reading.source_parts import SourceParts
from gner.errors import UserError


def _parts(folder: Path, *names: str, path: str = "", **options: object) -> SourceParts:
    for name in names:
        (folder / name).write_text("Ada\tB-person\n", encoding="utf-8")
    source = Source(str(folder / path), **options)  # type: ignore[arg-type]
    return SourceParts(source, open_source(source.path, None, None, {}))


def test_each_split_has_its_files(tmp_path: Path) -> None:
    parts = _parts(tmp_path, "train1.txt", "train2.txt", "dev.txt")
    assert parts.names == parts.chosen() == ["train", "dev"]
    assert [parts.part_for(split) for split in ("train", "dev")] == ["train", "dev"]
    assert [path.name for path in parts.several_files("train")] == ["train1.txt", "train2.txt"]
    with pytest.raises(UserError, match="a split called test, found train, dev"):
        parts.part_for("test")


def test_a_file_serves_every_split(tmp_path: Path) -> None:
    parts = _parts(tmp_path, "train.txt", "dev.txt", path="dev.txt")
    assert {parts.part_for(split) for split in ("train", "dev", "test")} == {"dev"}
    assert parts.chosen() == ["dev"]


def test_a_divided_part_gives_several(tmp_path: Path) -> None:
    parts = _parts(tmp_path, "train.txt", "test.txt", split={"dev": 0.1})
    assert (parts.names, parts.divided) == (["train", "dev", "test"], "train")
    assert [parts.content_of(name) for name in parts.names] == ["train", "train", "test"]
    with pytest.raises(UserError, match="found the split `test`"):
        _parts(tmp_path, split={"test": 0.1})
