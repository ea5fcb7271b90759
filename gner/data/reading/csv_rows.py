"""Reads the rows of CSV and TSV files, with the line of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from gner.data.annotations.read_report import ReadReport
from gner.errors import UserError
from gner.files import decode

SEPARATORS = ("\t", ";", ",")
_ENCODING = "cp1252"


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        line: The line on which it starts, from 1.
        cells: Its cells without spaces at their ends; empty for a blank row.
    """

    line: int
    cells: list[str]


def read_csv(path: Path, report: ReadReport) -> str:
    """The text of a CSV file: UTF-8, or else cp1252, in which Excel saves and which is reported.

    Raises:
        UserError: The file is missing, or in another encoding: it is UTF-8 but for a few bytes, or no cp1252 either.
    """
    if not path.is_file():
        raise UserError(f"Expected the file {path}, but it does not exist.")
    content = path.read_bytes()
    lenient = content.decode("utf-8-sig", errors="replace")
    num_broken = lenient.count("\ufffd")
    num_wide = sum(sign > "\x7f" for sign in lenient) - num_broken
    if not num_broken or num_wide > num_broken:
        return decode(content, str(path))
    try:
        text = content.decode(_ENCODING)
    except UnicodeDecodeError:
        return decode(content, str(path))  # raises with the place
    first = next(position for position, sign in enumerate(text) if sign > "\x7f")
    line = text.count("\n", 0, first) + 1
    report.add("decoded", f"{path}:{line}", f"the first character that is not ASCII is `{text[first]}`")
    return text


def split_rows(text: str, separator: str, path: Path) -> list[Row]:
    """The rows of a table.

    Cells may be quoted. In tables with tabs a quote may also be a word: then no cell is read as quoted.

    Raises:
        UserError: A quoted cell does not end, or goes on after its end.

    Example:
        >>> split_rows('Word,Tag\\n"a,b",O\\n', ",", Path("a.csv"))
        [Row(line=1, cells=['Word', 'Tag']), Row(line=2, cells=['a,b', 'O'])]
        >>> split_rows('"\\tO\\nAda\\tB-person\\n"\\tO', "\\t", Path("a.tsv"))[0].cells
        ['"', 'O']
    """
    if separator != "\t":
        return list(_split(text, separator, path, is_quoted=True))
    try:
        rows = list(_split(text, separator, path, is_quoted=True))
    except UserError:
        rows = []
    if rows and not any("\n" in "".join(row.cells) for row in rows):
        return rows
    return list(_split(text, separator, path, is_quoted=False))


def _split(text: str, separator: str, path: Path, *, is_quoted: bool) -> Iterator[Row]:
    lines = io.StringIO(text, newline="")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=separator, quoting=quoting, skipinitialspace=True, strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip(" ") for cell in cells]
            yield Row(line, stripped if any(stripped) else [])
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{path}:{line}: expected cells separated by {separator!r}, but {error}. Write a quote within a quoted "
            "cell twice, and a cell that starts with one in quotes."
        ) from error


def find_separator(text: str) -> str:
    """What separates the cells of the first row that is not blank: a tab, a semicolon, or else a comma."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return next((separator for separator in SEPARATORS if separator in first), ",")
