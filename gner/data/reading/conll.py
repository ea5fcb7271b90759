"""Reads CoNLL files: one word per line with its tag, a blank line between sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from gner.bio import OUTSIDE
from gner.data.annotations.schemes import DOCUMENT_START, sentence_of_rows
from gner.data.annotations.spans import Options, Tagged
from gner.data.reading.conll_layout import Layout, find_layout, looks_like_conll
from gner.data.reading.file_format import FileFormat, Opened, Sample
from gner.data.reading.text_files import read_lines
from gner.errors import UserError

_COMMENT = re.compile(r"#\s*(?:id\s|newdoc|newpar)")
_NO_WORD = re.compile(r"\d+[-.]\d+")
_SETTING = re.compile(r"#\s*[\w.:-]+\s*=")


class Conll(FileFormat):
    """CoNLL's columns; see `find_layout` for which are read.

    ``-DOCSTART-`` lines are skipped, and so are comments: ``# name = value`` and ``# id …`` anywhere, and before a
    sentence any line that starts with ``#`` and does not have the columns of a word.
    """

    name = "conll"
    title = "CoNLL"

    def __init__(self) -> None:
        self._layout: Layout | None = None

    def recognizes(self, sample: Sample) -> float:
        """Whether most lines are words with tags."""
        return float(not sample.is_json and looks_like_conll(sample.lines, sample.columns))

    def open(self, parts: dict[str, list[Path]], columns: Mapping[str, str]) -> Opened:
        """Settle the columns from the beginnings of all files; see the base class."""
        samples = [Sample(path, columns) for path in chain.from_iterable(parts.values())]
        known = [sample for sample in samples if self.recognizes(sample)] or samples
        self._layout = find_layout({str(sample.path): sample.lines for sample in known}, columns)
        return Opened(self, dict(parts), f"{self.title} ({self._layout.describe()})")

    def read(self, path: Path, options: Options) -> Iterator[Tagged]:
        """Read a file; see the base class."""
        lines = read_lines(path)
        layout = self._layout or find_layout({str(path): lines}, options.columns)
        rows: list[tuple[int, str, str]] = []
        is_first = bool(layout.header)
        for number, line in enumerate(lines, start=1):
            columns = layout.split(line)
            if columns in ([], [""]) or columns[0].startswith(DOCUMENT_START):
                if rows:
                    yield sentence_of_rows(path, rows)
                rows = []
            elif is_first and tuple(columns) == layout.header:
                is_first = False
            elif not _is_comment(line, columns, layout, within=bool(rows)):
                rows += _rows(f"{path}:{number}", number, columns, layout, options)
        if rows:
            yield sentence_of_rows(path, rows)


def _is_comment(line: str, columns: Sequence[str], layout: Layout, *, within: bool) -> bool:
    if not line.startswith("#"):
        return False
    if _SETTING.match(line):
        return layout.separator != "\t" or not layout.has_tag(columns)
    if _COMMENT.match(line):
        return not layout.has_tag(columns)
    return not within and len(columns) != layout.width


def _rows(place: str, number: int, columns: list[str], layout: Layout, options: Options) -> list[tuple[int, str, str]]:
    """The row of a word; none for a blank word or a row of CoNLL-U that is no word, which is reported."""
    if len(columns) != layout.width:
        raise UserError(_describe_width(place, columns, layout))
    word, tag = columns[layout.word], columns[layout.tag]
    if layout.counts and _NO_WORD.fullmatch(columns[0]):
        if tag not in (OUTSIDE, "_"):
            raise UserError(f"{place}: expected tags at words, found `{tag}` at {columns[0]}. Move it to the words.")
        options.report.add("no_word", place, f"{columns[0]} `{word}`")
        return []
    if not tag or (not word and tag != OUTSIDE):
        raise UserError(f"{place}: expected a word and a tag, found an empty column in {columns!r}.")
    if not word:
        options.report.add("blank", place, f"`{tag}`")
        return []
    return [(number, word, tag)]


def _describe_width(place: str, columns: list[str], layout: Layout) -> str:
    separators = "tabs" if layout.separator == "\t" else "spaces"
    expected = f"{layout.width} columns separated by {separators}, as in most rows"
    where = f"with the word in column {layout.word + 1} and its tag in column {layout.tag + 1}"
    found = f"{len(columns)}: {' '.join(columns)!r}"
    return (
        f"{place}: expected {expected}, {where}, found {found}. Write the tag (`O` outside entities), put a blank line "
        "there, or separate columns by tabs if a word holds a space; for other columns set `columns`, for example to "
        "{words: 2, tags: 3}."
    )
