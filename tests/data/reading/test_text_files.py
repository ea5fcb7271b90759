"""Text and JSON files, with the place of each value."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.data.reading.text_files import read_json, read_text, split_lines
from gner.errors import UserError
from tests.data.reading.readers import entities_of


def test_lone_surrogates_are_replaced_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Ada \\ud83d \\ud83d\\ude00 B", "spans": [{"start": 6, "end": 7, "label": "x"}]}')
    reader = SourceReader(Source(str(path)))
    [example] = reader.read("all")
    assert (example.words[1:], entities_of(example)) == (("\ufffd", "\U0001f600", "B"), [("\U0001f600", "x")])
    assert reader.reports["all"].counts() == {"replaced": 1}


def test_lines_end_where_editors_say_and_words_are_not_cut() -> None:
    assert split_lines("a\r\nb\rc\nd\u2028e\x0bf") == ["a", "b", "c", "d\u2028e\x0bf"]


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ('{"n": 1}\n\n{"n": 2}\n', ["a.json:1", "a.json:3"]),
        ('[\n{"n": 1},\n{"n": 2}\n]', ["a.json:2, item 1", "a.json:3, item 2"]),
        ('{"data": [{"n": 1}, {"n": 2}]}', ["a.json:1, item 1", "a.json:1, item 2"]),
        ('\ufeff{"n":\n1}{"n": 2}', ["a.json:1", "a.json:2"]),
    ],
)
def test_json_has_the_same_values_in_each_layout(content: str, places: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    records = list(read_json(path))
    assert [record.value for record in records] == [{"n": 1}, {"n": 2}]
    assert [record.place for record in records] == [f"{tmp_path}/{place}" for place in places]


def test_a_file_that_is_not_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("one\ncafé\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"a\.txt:2: expected UTF-8"):
        read_text(path)
    with pytest.raises(UserError, match="does not exist"):
        read_text(tmp_path / "nothing.txt")
