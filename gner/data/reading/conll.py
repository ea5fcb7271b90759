"""Reads CoNLL files: one word per line, its tag in the last column, a blank line between sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from gner.data.annotations.schemes import DOCUMENT_START, sentence_of_rows
from gner.data.annotations.spans import Options, Tagged
from gner.data.reading.text_files import read_lines
from gner.errors import UserError

_TAG = re.compile(r"O|[BIESLUMW]-.+")
_COMMENT = re.compile(r"#\s*(?:id\s|newdoc|newpar)")
_SETTING = re.compile(r"#\s*[\w.:-]+\s*=")
_CHUNKS = {"NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "NC", "VC", "PC"}
_SAMPLE = 2000


class Layout(NamedTuple):
    """The columns of a file.

    Attributes:
        separator: What separates columns: a tab, or else spaces.
        width: Number of columns that most lines have.
        word: Index of the word's column.
        tag: Index of the tag's column; -1 for the last.
        notes: Choices to mention in the log.
    """

    separator: str
    width: int
    word: int
    tag: int
    notes: tuple[str, ...] = ()

    def split(self, line: str) -> list[str]:
        """Split a line into columns."""
        return _split_columns(line, self.separator)


def read_conll(path: Path, options: Options) -> list[Tagged]:
    """Read a file.

    ``-DOCSTART-`` lines are skipped, and so are comments before a sentence: lines that start with ``#`` and do not end
    in a tag, or that look like CoNLL-U comments (``# id …``, ``# text = …``) and lack the columns of a word. For the
    columns see `find_layout`.

    Raises:
        UserError: A line is malformed.
    """
    return list(_sentences(path, options.columns))


def find_layout(lines: Sequence[str], columns: Mapping[str, str]) -> Layout:
    """Detect the columns from the first lines of a file.

    Columns are separated by tabs if the first line has one, else by spaces. ``columns`` may give the numbers of the
    columns ``words`` and ``tags``, from 1. By default the word is in the first column, or in the second if the first
    numbers the words of each sentence; the tag is in the last, or in the one before if both hold tags of the same
    types, such as outer and nested entities.

    Raises:
        UserError: ``columns`` has something other than column numbers.
    """
    separator = find_separator(lines)
    sentences = _sample(lines, separator)
    rows = list(chain.from_iterable(sentences))
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 2
    word, tag = _column(columns, "words"), _column(columns, "tags")
    notes: list[str] = []
    if word is None:
        word = int(width > 2 and _is_numbered(sentences))
        if word:
            notes.append("the first column numbers the words, the second has them")
    if tag is None:
        tag = -1
        if width - word > 2 and _is_nested([row for row in rows if len(row) == width]):
            tag = width - 2
            notes.append(f"tags of column {width - 1}, not the nested ones of the last")
    return Layout(separator, width, word, tag, tuple(notes))


def describe_columns(path: Path, columns: Mapping[str, str]) -> str:
    """Describe the columns of a file for the log."""
    layout = find_layout(read_lines(path), columns)
    name = "tab" if layout.separator == "\t" else "space"
    return ", ".join((f"{name} separated", *layout.notes))


def find_separator(lines: Sequence[str]) -> str:
    """What separates columns: a tab, or else spaces."""
    first = next((line for line in lines if line.strip() and not line.startswith(("#", DOCUMENT_START))), "")
    return "\t" if "\t" in first.strip() else " "


def _split_columns(line: str, separator: str) -> list[str]:
    """Split a line into columns; whitespace other than tabs and spaces may be a word."""
    if separator == "\t":
        return [column.strip(" ") for column in line.rstrip(" \t").split("\t")]
    return [column for column in line.replace("\t", " ").split(" ") if column]


def _sample(lines: Sequence[str], separator: str) -> list[list[list[str]]]:
    """The columns of the first sentences, without lines that may be comments."""
    sentences: list[list[list[str]]] = [[]]
    for line in lines[:_SAMPLE]:
        if not line.strip() or line.startswith(DOCUMENT_START):
            sentences.append([])
        elif not line.startswith("#"):
            sentences[-1].append(_split_columns(line, separator))
    return [sentence for sentence in sentences if sentence]


def _is_numbered(sentences: Sequence[Sequence[Sequence[str]]]) -> bool:
    """Whether the first column numbers the words of each sentence, from 1 or from 0."""
    return any(all(_is_numbered_from(start, sentence) for sentence in sentences) for start in (1, 0))


def _is_numbered_from(start: int, sentence: Sequence[Sequence[str]]) -> bool:
    return all(row[0] == str(number) for number, row in enumerate(sentence, start))


def _is_nested(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the last two columns are tags of the same types, not phrases and entities as in CoNLL-2003."""
    if not all(_TAG.fullmatch(row[-2]) and _TAG.fullmatch(row[-1]) for row in rows):
        return False
    outer, inner = ({row[at][2:] for row in rows if row[at] != "O"} for at in (-2, -1))
    return bool(outer - _CHUNKS) and (not inner or bool(inner & outer))


def looks_like_conll(lines: list[str], columns: Mapping[str, str]) -> bool:
    """Whether most lines are words with tags; reading the file then reports the others."""
    numbered = {name: column for name, column in columns.items() if column.isdecimal()}
    layout = find_layout(lines, numbered)
    rows = [line for line in lines[:200] if line.strip() and not line.startswith(("#", DOCUMENT_START))][:50]
    num_tagged = 0
    for line in rows:
        row = layout.split(line)
        num_tagged += len(row) >= _min_columns(layout) and _has_tag(row, layout)
    return num_tagged * 2 > len(rows)


def _has_tag(columns: Sequence[str], layout: Layout) -> bool:
    return len(columns) > layout.tag and bool(_TAG.fullmatch(columns[layout.tag]))


def _min_columns(layout: Layout) -> int:
    """The fewest columns that a line may have."""
    return max(2, layout.word + 1 + (layout.tag < 0 < layout.word), layout.tag + 1)


def _column(columns: Mapping[str, str], name: str) -> int | None:
    """The index of a configured column; None if it is not configured."""
    text = columns.get(name)
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"Expected a column number, counted from 1, got `{text}`. Set `columns.{name}`.")
    return int(text) - 1


def _sentences(path: Path, given: Mapping[str, str]) -> Iterator[Tagged]:
    lines = read_lines(path)
    layout = find_layout(lines, given)
    rows: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines, start=1):
        columns = layout.split(line)
        if columns in ([], [""]) or columns[0].startswith(DOCUMENT_START):
            if rows:
                yield sentence_of_rows(path, rows)
            rows = []
        elif rows or not _is_comment(line, columns, layout):
            rows.append((number, *_word_and_tag(f"{path}:{number}", columns, layout)))
    if rows:
        yield sentence_of_rows(path, rows)


def _is_comment(line: str, columns: Sequence[str], layout: Layout) -> bool:
    if not line.startswith("#") or (len(columns) == layout.width and _has_tag(columns, layout)):
        return line.startswith("#") and bool(_SETTING.match(line))
    return bool(_COMMENT.match(line) or _SETTING.match(line)) or not _has_tag(columns, layout)


def _word_and_tag(place: str, columns: list[str], layout: Layout) -> tuple[str, str]:
    if len(columns) < _min_columns(layout):
        raise UserError(_describe_missing_columns(place, columns, layout))
    word, tag = columns[layout.word], columns[layout.tag]
    if not word or not tag:
        raise UserError(f"{place}: expected a word and a tag, found an empty column in {columns!r}.")
    return word, tag


def _describe_missing_columns(place: str, columns: list[str], layout: Layout) -> str:
    separators = "tabs" if layout.separator == "\t" else "spaces"
    tag_column = f"column {layout.tag + 1}" if layout.tag >= 0 else "the last"
    found = " ".join(columns)
    expected = f"the word in column {layout.word + 1} and its tag in {tag_column}"
    return (
        f"{place}: expected at least {_min_columns(layout)} columns separated by {separators}, with {expected}, found "
        f"{len(columns)}: {found!r}. Write the tag (`O` outside entities), or put a blank line there; for "
        "other columns set `columns`, for example to {words: 2, tags: 3}."
    )
