"""Text and JSON files, with the place of each value."""

from pathlib import Path

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from tests.data.reading.readers import entities_of


def test_lone_surrogates_are_replaced_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Ada \\ud83d \\ud83d\\ude00 B", "spans": [{"start": 6, "end": 7, "label": "x"}]}')
    reader = SourceReader(Source(str(path)))
    [example] = reader.read("all")
    assert (example.words[1:], entities_of(example)) == (("\ufffd", "\U0001f600", "B"), [("\U0001f600", "x")])
    assert reader.reports["all"].counts() == {"replaced": 1}
