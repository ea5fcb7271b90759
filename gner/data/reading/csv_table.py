"""Reads CSV and TSV tables whose first row names the columns: a word and its tag in each row, or a whole sentence.

The first is the layout of Kaggle's ``ner_dataset.csv``, which numbers a sentence in its first row only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby, pairwise
from operator import itemgetter
from pathlib import Path

from gner.bio import OUTSIDE
from gner.data.annotations.schemes import sentence_of_rows
from gner.data.annotations.spans import Options, Record, Tagged
from gner.data.reading.csv_columns import SENTENCES, TAGS, TEXTS, WORDS, Columns, find_columns
from gner.data.reading.csv_rows import Row, find_separator, read_csv, split_rows
from gner.data.reading.file_format import FileFormat, Opened, Sample
from gner.data.reading.json_fields import is_list
from gner.data.reading.json_tags import TaggedWords
from gner.errors import UserError

_SPACE = re.compile(r"[ \t\r\n]+")
_SPACE_OR_COMMA = re.compile(r"[\s,]+")
_WITHOUT_COMMA = re.compile(r"['\"]\s+['\"]|\d\s+\d")
"""Between the items of a list as NumPy prints it."""


class CsvTable(FileFormat):
    """CSV and TSV tables with a first row of names."""

    name = "csv"
    title = "a CSV table"

    def recognizes(self, sample: Sample) -> float:
        """Whether the first row names the columns of words and tags, and most rows have as many cells.

        CoNLL reads tables with tabs and no column of sentences.
        """
        if sample.is_json:
            return 0.0
        separator = find_separator(sample.text)
        rows = _lenient_rows(sample, separator)
        columns = find_columns(rows[0].cells, rows[1:], sample.columns) if rows else None
        if columns is None or len(rows) < 2 or (separator == "\t" and not columns.sentence and not columns.by_sentence):
            return 0.0
        return float(sum(len(row.cells) == len(columns.names) for row in rows) * 2 > len(rows))

    def open(self, parts: dict[str, list[Path]], columns: Mapping[str, str]) -> Opened:
        """Name the columns of the first file in the log; see the base class.

        Raises:
            UserError: The first row of the first file does not name its columns.
        """
        sample = Sample(next(chain.from_iterable(parts.values())), columns)
        rows = _lenient_rows(sample, find_separator(sample.text))
        found = _columns(rows, sample.path, columns)
        return Opened(self, dict(parts), f"{self.title} ({found.describe()})")

    def read(self, path: Path, options: Options) -> Iterator[Tagged]:
        """Read a file; see the base class."""
        text = read_csv(path, options.report)
        rows = split_rows(text, find_separator(text), path)
        first = next((at for at, row in enumerate(rows) if row.cells), 0)
        columns, body = _columns(rows[first:], path, options.columns), rows[first + 1 :]
        for row in body:
            _check_width(row, columns, path)
        if columns.by_sentence:
            return (one for row in body if row.cells and (one := _whole_sentence(row, columns, path, options)))
        if not columns.sentence and not any(row.cells and not before.cells for before, row in pairwise(body)):
            raise UserError(_no_sentences(path, columns))
        return _sentences(body, columns, path, options)


def _lenient_rows(sample: Sample, separator: str) -> list[Row]:
    """The first rows that are not blank; none if quotes are not paired."""
    try:
        rows = split_rows("\n".join(sample.lines), separator, sample.path)
    except UserError:
        rows = [Row(number, line.split(separator)) for number, line in enumerate(sample.lines, start=1)]
    return [row for row in rows if row.cells]


def _columns(rows: Sequence[Row], path: Path, own: Mapping[str, str]) -> Columns:
    header = rows[0].cells if rows else []
    found = find_columns(header, rows[1:], own)
    if found is None:
        line = rows[0].line if rows else 1
        words, tags = ", ".join((*WORDS, *TEXTS)), ", ".join(TAGS)
        raise UserError(
            f"{path}:{line}: expected a first row that names the columns of words ({words}) and of tags ({tags}), "
            f"found {header}. Add that row, or set `columns` to names or numbers of it, for example to {{words: Form, "
            "tags: Entity, sentences: No}."
        )
    return found


def _check_width(row: Row, columns: Columns, path: Path) -> None:
    width, shown = len(columns.names), " | ".join(row.cells)[:80]
    if row.cells and len(row.cells) != width:
        raise UserError(
            f"{path}:{row.line}: expected {width} cells, as in the first row, found {len(row.cells)}: {shown!r}. Put a "
            "cell that holds the separator in quotes."
        )


def _no_sentences(path: Path, columns: Columns) -> str:
    names = ", ".join(("Sentence #", *SENTENCES))
    return (
        f"{path}: expected blank rows between sentences or a column that numbers them ({names}), found the columns "
        f"{', '.join(columns.names)}. Add one, or set `columns`, for example to {{sentences: No}}."
    )


def _sentences(rows: Sequence[Row], columns: Columns, path: Path, options: Options) -> Iterator[Tagged]:
    """The sentences of rows with a word each."""
    keys = _keys(rows, columns.sentence)
    for _, group in groupby(zip(keys, rows, strict=True), key=itemgetter(0)):
        found = chain.from_iterable(_word(row, columns, path, options) for _, row in group)
        words = list(found)
        if words:
            yield sentence_of_rows(path, words)


def _keys(rows: Sequence[Row], sentence: Sequence[int]) -> Iterator[tuple[object, ...]]:
    """What tells the sentence of each row from those before and after it.

    An empty cell in a column of sentences is that of the row above. A blank row ends a sentence.
    """
    num_blank = 0
    key = [""] * len(sentence)
    for row in rows:
        num_blank += not row.cells
        if row.cells:
            key = [row.cells[at] or above for at, above in zip(sentence, key, strict=True)]
        yield (num_blank, *key)


def _word(row: Row, columns: Columns, path: Path, options: Options) -> list[tuple[int, str, str]]:
    """The line, word and tag of a row; none for a blank word, which is reported."""
    if not row.cells:
        return []
    word, tag, place = row.cells[columns.word], row.cells[columns.tag], f"{path}:{row.line}"
    if not tag or (not word and tag != OUTSIDE):
        names = f"`{columns.names[columns.word]}` and `{columns.names[columns.tag]}`"
        raise UserError(f"{place}: expected a word and a tag in {names}, found {word!r} and {tag!r}.")
    if "\n" in word:
        raise UserError(
            f"{place}: expected a word, found {word[:40]!r} of several lines. Is there a quote without its pair? Write "
            'the word `"` as `""""`.'
        )
    if not word.strip():
        options.report.add("blank", place, f"`{tag}`")
        return []
    return [(row.line, word, tag)]


def _whole_sentence(row: Row, columns: Columns, path: Path, options: Options) -> Tagged | None:
    place = f"{path}:{row.line}"
    words = _items(row.cells[columns.word], _SPACE, place)
    tags = _items(row.cells[columns.tag], _SPACE_OR_COMMA, place)
    given = replace(options, columns={})
    return TaggedWords().read_record(Record({"words": words, "tags": tags}, place), given)


def _items(cell: str, between: re.Pattern[str], place: str) -> list[object]:
    """The items of a cell: a list as Python or JSON write it, or what is between spaces.

    Raises:
        UserError: It is a list without commas, as NumPy prints it, whose items cannot be told apart.
    """
    if not (cell.startswith("[") and cell.endswith("]")):
        return [part for part in between.split(cell) if part]
    if "," not in cell and _WITHOUT_COMMA.search(cell):
        raise UserError(
            f"{place}: expected a list with commas, such as ['Ada', 'slept'], found {cell[:60]!r}, as NumPy prints it. "
            "Save the table with `.tolist()` in its cells."
        )
    try:
        items = ast.literal_eval(cell)
    except (SyntaxError, ValueError):
        return [part for part in between.split(cell) if part]
    return list(items) if is_list(items) else [cell]
