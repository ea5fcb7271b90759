"""Every input format yields its texts in order, and errors name the place."""

import bz2
import gzip
import json
import lzma
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from gner.errors import UserError
from gner.file_prediction.inputs import Input, Record, as_they_come, in_blocks


def _read(path: Path, *options: str) -> list[Record]:
    return list(Input(str(path), *options).resolve().records())


def _file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_each_line_of_a_text_file_is_a_text_even_if_empty(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.txt", "\ufeffone\r\n\ntwo \u2028 x\n")
    records = _read(path)
    assert [record.text for record in records] == ["one", "", "two \u2028 x"]
    assert records[2].place == f"{path}:3"
    assert Input(str(path)).resolve().num_records() == 3


def test_json_lines_have_text_or_words_and_keep_other_fields(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.jsonl", '{"text": "a", "n": 1}\n\n{"words": ["b", "c"]}\n')
    assert [(record.text, record.row) for record in _read(path)] == [
        ("a", {"text": "a", "n": 1}),
        (["b", "c"], {"words": ["b", "c"]}),
    ]
    assert Input(str(path)).resolve().num_records() == 2
    named = _file(tmp_path, "b.jsonl", '{"body": "a"}\n{"body": ["b"]}')
    assert [record.text for record in _read(named, "auto", "body")] == ["a", ["b"]]


def test_tables_have_a_text_column(tmp_path: Path) -> None:
    comma = _file(tmp_path, "a.csv", 'id,body\n1,"one, two\nthree"\n2,\n')
    assert [record.text for record in _read(comma, "auto", "body")] == ["one, two\nthree", ""]
    pandas = _file(tmp_path, "b.csv", ",text\n0,one\n")
    assert [record.row for record in _read(pandas)] == [{"": "0", "text": "one"}]
    tab = _file(tmp_path, "a.tsv", "text\tid\none, two\t1\n")
    assert [record.row for record in _read(tab)] == [{"text": "one, two", "id": "1"}]
    table = pyarrow.table({"text": ["one", "two"], "n": [1, 2]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert [record.row for record in _read(tmp_path / "a.parquet")] == [
        {"text": "one", "n": 1},
        {"text": "two", "n": 2},
    ]
    assert Input(str(tmp_path / "a.parquet")).resolve().num_records() == 2


def test_each_file_of_a_folder_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    _file(tmp_path / "in", "b.txt", "one\ntwo")
    _file(tmp_path / "in" / "sub", "a.txt", "three")
    _file(tmp_path / "in", "c.md", "no")
    assert [record.row for record in _read(tmp_path / "in")] == [
        {"id": "b.txt", "text": "one\ntwo"},
        {"id": "sub/a.txt", "text": "three"},
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "a"}\nnonsense\n', r"a\.jsonl:2: expected a JSON object, found 'nonsense'"),
        ("a.jsonl", "[1]\n", r"a\.jsonl:1: expected a JSON object"),
        ("a.jsonl", '{"body": "a"}\n', r"a\.jsonl:1: expected a text in `text`.*found only body.*--column"),
        ("a.jsonl", '{"text": 3}\n', r"a\.jsonl:1: expected a text in `text`.*found 3"),
        ("a.jsonl", '{"words": [1]}\n', r"a\.jsonl:1: expected a text.*found \[1\] in `words`"),
        ("a.jsonl", '{"text": 1, "words": "x"}\n', r"found 1 in `text` and 'x' in `words`"),
        ("a.txt", b"ok\ncaf\xe9\n", r"a\.txt:2: expected UTF-8, found the byte 0xe9.*iconv"),
        ("a.csv", "id,body\n1,x\n", r"a\.csv:2: expected a text in `text`.*found only id, body"),
        ("a.csv", "text\nx,y\n", r"a\.csv:2: expected 1 columns, found 2"),
        ("a.csv", "text,text\nx,y\n", r"a\.csv:1: expected a name for each column"),
        ("a.tsv", 'text\tn\n"Ada said\t1\nBob left\t2\n', r"a\.tsv:\d: expected CSV"),
        ("a.csv", b"text\ncaf\xe9\n", r"a\.csv:\d: expected CSV in UTF-8"),
        ("a.parquet", "no", r"a\.parquet: expected a Parquet file"),
    ],
)
def test_malformed_input_raises_with_its_place(name: str, content: str | bytes, message: str, tmp_path: Path) -> None:
    path = _file(tmp_path, name, content)
    with pytest.raises(UserError, match=message):
        _read(path)


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "in/a.txt"])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (bz2.compress(b"text"), "a bzip2 file"),
        (lzma.compress(b"text"), "an xz file"),
        (b"\x28\xb5\x2f\xfdtext", "a zstd file"),
        (b"PK\x03\x04text", "a zip archive"),
        (gzip.compress(b"\n" * 1000 + b"{}")[:-9], "expected a whole gzip file"),
    ],
    ids=["bzip2", "xz", "zstd", "zip", "gzip"],
)
def test_unsupported_or_truncated_compression_is_named(name: str, content: bytes, found: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = _file(tmp_path, name, content)
    with pytest.raises(UserError, match=rf"a\.\w+: .*{found}"):
        _read(path if path.parent == tmp_path else path.parent)


def test_gzip_is_decompressed_in_files_folders_and_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    path = _file(tmp_path / "in", "a.txt", gzip.compress(b"one\ntwo\n"))
    assert [record.text for record in _read(path)] == ["one", "two"]
    assert Input(str(path)).resolve().num_records() is None
    assert [record.text for record in _read(path.parent)] == ["one\ntwo\n"]
    with path.open("rb") as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert [record.text for record in Input("-").resolve().records()] == ["one", "two"]


def test_parquet_corrupt_in_the_middle_raises_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"text": [f"text {number * 7919}" for number in range(2000)]})
    pyarrow.parquet.write_table(table, path, row_group_size=500)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = b"\x07" * 200
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.parquet: .* nothing after row [\d,]+ can be read: .*Write it again"):
        _read(path)


def test_null_texts_and_words_are_empty(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.jsonl", '{"text": null}\n{"words": null}\n{"text": null, "words": ["a"]}\n')
    assert [record.text for record in _read(path)] == ["", [], ["a"]]


def test_missing_input_and_wrong_format_raise(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file or folder"):
        _read(tmp_path / "nothing")
    with pytest.raises(UserError, match="is a folder"):
        _read(tmp_path, "text")


def test_standard_input_has_texts_or_json_objects(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def read(content: str) -> list[Any]:
        with (tmp_path / "stdin").open("w+") as file:
            file.write(content)
            file.seek(0)
            monkeypatch.setattr(sys, "stdin", file)
            return [record.text for record in Input("-").resolve().records()]

    assert read('\n{"smile} plain\n{"text": "a"}\n') == ["", '{"smile} plain', '{"text": "a"}']
    assert read('\n{ "text": "a"}\n\n{"text": "b"}\n') == ["", "a", "b"]
    assert Input("-").num_records() is None
    with pytest.raises(UserError, match="in a stream"):
        Input("-", "csv").resolve()


def test_a_pipe_is_a_stream(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    source = Input(str(tmp_path / "pipe")).resolve()
    assert source.num_records() is None
    threading.Thread(target=lambda: (tmp_path / "pipe").write_text("one\ntwo\n"), daemon=True).start()
    assert [record.text for record in source.records()] == ["one", "two"]


def _records(num: int) -> list[Record]:
    return [Record(str(number), {}, "") for number in range(num)]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_blocks_hold_all_records_in_order(size: int) -> None:
    for blocks in (list(in_blocks(_records(7), size)), list(as_they_come(_records(7), size))):
        assert [record for block in blocks for record in block] == _records(7)
        assert all(0 < len(block) <= size for block in blocks)
    assert list(in_blocks([], size)) == list(as_they_come([], size)) == []


def test_records_that_have_arrived_do_not_wait_for_a_full_block() -> None:
    def slowly() -> Iterator[Record]:
        yield from _records(2)
        while not seen:
            time.sleep(0.01)
        yield from _records(1)

    seen: list[Any] = []
    for block in as_they_come(slowly(), 100):
        seen += block  # never reached if blocks waited until they are full
    assert len(seen) == 3


def test_reader_error_is_raised_after_the_records_before_it() -> None:
    def broken() -> Iterator[Record]:
        yield from _records(2)
        raise UserError("line 3")

    seen: list[Record] = []
    with pytest.raises(UserError, match="line 3"):
        for block in as_they_come(broken(), 1):
            seen += block
    assert seen == _records(2)


def test_json_objects_keep_values_of_all_types(tmp_path: Path) -> None:
    row = {"text": "a", "nested": {"b": [1, None, True]}, "unicode": "ü\u2028"}
    path = _file(tmp_path, "a.jsonl", json.dumps(row) + "\n")
    assert _read(path)[0].row == row
