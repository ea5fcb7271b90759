"""Which file formats there are."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gner import plugins
from gner.data.annotations.spans import Options, Tagged
from gner.data.reading.file_format import FileFormat, Sample
from gner.data.reading.registry import file_formats, format_names, named_format
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError


class Slashes(FileFormat):
    """A sentence a line: ``Ada/B-person slept/O``."""

    name = "slashes"
    title = "words and tags with slashes"

    def recognizes(self, sample: Sample) -> float:
        return float(sample.lines[0].count("/") == len(sample.lines[0].split()))

    def read(self, path: Path, options: Options) -> Iterator[Tagged]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            words, tags = zip(*(pair.rsplit("/", 1) for pair in line.split()), strict=True)
            yield Tagged(words, tags, f"{path}:{number}")


def test_names_are_unique_and_each_names_its_format() -> None:
    names = format_names()
    assert len(set(names)) == len(names)
    assert [named_format(name).name for name in names] == names
    with pytest.raises(UserError, match="got xml"):
        named_format("xml")


def test_each_source_has_format_objects_of_its_own() -> None:
    first, second = file_formats(), file_formats()
    assert first and all(one is not other for one, other in zip(first, second, strict=True))


def test_a_format_of_a_package_is_detected_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    point = EntryPoint("slashes", f"{__name__}:Slashes", plugins.READERS)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point] if group == plugins.READERS else [])
    (tmp_path / "train.txt").write_text("Ada/B-person slept/O\n")
    for format in ("auto", "slashes"):
        reader = SourceReader(Source(str(tmp_path), format=format))
        [example] = reader.read("train")
        assert (example.words, example.tags, example.source) == (
            ("Ada", "slept"),
            ("B-person", "O"),
            f"{tmp_path / 'train.txt'}:1",
        )
        assert reader.detail("train") == "words and tags with slashes (IOB2)"
