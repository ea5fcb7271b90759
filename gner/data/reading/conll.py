"""CoNLL-2003 style: a word a line, its tag in the last column, a blank line between sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gner.data.reading.files import read_lines
from gner.data.reading.records import Options, Tagged
from gner.data.reading.schemes import DOCUMENT_START, from_rows
from gner.errors import UserError

_TAG = re.compile(r"O|[BIESLUMW]-.+")
_COMMENT = re.compile(r"#\s*(?:[\w.:-]+\s*=|id\s|newdoc|newpar)")


def read_conll(path: Path, options: Options) -> list[Tagged]:
    """Read a file.

    Columns are parted by tabs if the first line has one, else by spaces. ``-DOCSTART-`` lines are skipped, and so are
    comments in front of a sentence: lines that start with ``#`` and do not end in a tag, or that are written as in
    CoNLL-U (``# id …``, ``# text = …``). ``options.columns`` may give the columns of ``words`` and ``tags``, from 1.

    Raises:
        UserError: A line is not understood.
    """
    return list(_sentences(path, _column(options, "words", 1), _column(options, "tags", -1)))


def separator(lines: list[str]) -> str:
    """What parts the columns: a tab, or else spaces."""
    first = next((line for line in lines if line.strip() and not line.startswith(("#", DOCUMENT_START))), "")
    return "\t" if "\t" in first.strip() else " "


def _columns(line: str, parts: str) -> list[str]:
    """The columns of a line; other white space than tabs and spaces may be a word."""
    if parts == "\t":
        return [column.strip(" ") for column in line.rstrip(" \t").split("\t")]
    return [column for column in line.replace("\t", " ").split(" ") if column]


def looks_like_conll(lines: list[str]) -> bool:
    """Whether most lines are words with tags; the others are then refused with their place."""
    rows = [line for line in lines[:200] if line.strip() and not line.startswith(("#", DOCUMENT_START))][:50]
    parts = separator(lines)
    tagged = [len(columns := _columns(row, parts)) > 1 and bool(_TAG.fullmatch(columns[-1])) for row in rows]
    return sum(tagged) * 2 > len(tagged)


def _column(options: Options, name: str, default: int) -> int:
    text = options.columns.get(name)
    if text is None:
        return default
    if not str(text).isdecimal() or int(text) < 1:
        raise UserError(f"Expected the number of a column, from 1, got `{text}`. Set `columns.{name}`.")
    return int(text)


def _sentences(path: Path, word_column: int, tag_column: int) -> Iterator[Tagged]:
    lines = read_lines(path)
    parts = separator(lines)
    rows: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines, start=1):
        columns = _columns(line, parts)
        if columns in ([], [""]) or columns[0].startswith(DOCUMENT_START):
            if rows:
                yield from_rows(path, rows)
            rows = []
        elif rows or not _is_comment(line, columns[-1]):
            rows.append((number, *_word_and_tag(f"{path}:{number}", columns, word_column, tag_column, parts)))
    if rows:
        yield from_rows(path, rows)


def _is_comment(line: str, last: str) -> bool:
    return line.startswith("#") and (bool(_COMMENT.match(line)) or not _TAG.fullmatch(last))


def _word_and_tag(place: str, columns: list[str], word_column: int, tag_column: int, parts: str) -> tuple[str, str]:
    needed = max(2, word_column, tag_column)
    if len(columns) < needed:
        name = "tabs" if parts == "\t" else "spaces"
        raise UserError(
            f"{place}: expected at least {needed} columns parted by {name}, with the word in the first and its tag in "
            f"the last, found {len(columns)}: {' '.join(columns)!r}. Write the tag (`O` outside entities), or put a "
            "blank line there."
        )
    word, tag = columns[word_column - 1], columns[tag_column - 1 if tag_column > 0 else tag_column]
    if not word or not tag:
        raise UserError(f"{place}: expected a word and a tag, found an empty column in {columns!r}.")
    return word, tag
