"""Rows of CSV files with their lines."""

from pathlib import Path

import pytest

from gner.data.annotations.read_report import ReadReport
from gner.data.reading.csv_rows import Row, find_separator, read_csv, split_rows
from gner.errors import UserError

PATH = Path("a.csv")


def test_a_quoted_cell_may_hold_a_line_end() -> None:
    assert split_rows('a,b\n"x\ny",z\nu,v\n', ",", PATH) == [
        Row(1, ["a", "b"]),
        Row(2, ["x\ny", "z"]),
        Row(4, ["u", "v"]),
    ]


def test_a_quote_that_does_not_end_is_refused_but_is_a_word_between_tabs() -> None:
    with pytest.raises(UserError, match=r"a.csv:2: expected cells separated by ','"):
        split_rows('a,b\n"x,y\n', ",", PATH)
    assert split_rows('a\tb\n"\tO\n', "\t", PATH)[1] == Row(2, ['"', "O"])


def test_blank_rows_are_kept_as_such() -> None:
    assert split_rows("a,b\n , \nx,y\n", ",", PATH)[1] == Row(2, [])


@pytest.mark.parametrize(("first", "separator"), [("a\tb,c", "\t"), ("a;b,c", ";"), ("a,b", ","), ("a", ",")])
def test_the_first_row_tells_the_separator(first: str, separator: str) -> None:
    assert find_separator(f"\n{first}\n;\t,") == separator


def test_only_text_that_is_not_utf_8_at_all_is_read_as_cp1252(tmp_path: Path) -> None:
    report = ReadReport()
    (tmp_path / "a.csv").write_bytes("word\ncaf\xe9".encode("cp1252"))
    assert read_csv(tmp_path / "a.csv", report) == "word\ncaf\xe9"
    assert [(note.kind, note.place) for note in report.notes] == [("decoded", f"{tmp_path / 'a.csv'}:2")]
    (tmp_path / "a.csv").write_bytes("\xe9\xe9\xe9\n".encode() + b"\xe9")
    with pytest.raises(UserError, match=r"a.csv:2: expected UTF-8"):
        read_csv(tmp_path / "a.csv", report)
