"""Reads WebAnno TSV 3, which INCEpTION writes too: a token in each line, a column for each feature of each layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, takewhile
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from gner.data.annotations.spans import Options, Span, Text
from gner.data.reading.file_format import FileFormat, Opened, Sample
from gner.data.reading.json_fields import check_type
from gner.data.reading.text_files import read_lines
from gner.data.reading.webanno_layers import Column, find_column, read_items
from gner.errors import UserError
from gner.words import Word

_FORMAT = "#FORMAT=WebAnno TSV "
_UNIT = re.compile(
    r"(?P<sentence>\d+)-(?P<token>\d+)(?P<part>\.\d+)?\t(?P<start>\d+)-(?P<end>\d+)\t(?P<text>[^\t]*)\t.*"
)


_Key = tuple[str, int] | tuple[str]
"""The number that an annotation has in the file, or else its line and place in the cell."""


class _Unit(NamedTuple):
    """A token, or a part of one that has an annotation of its own; offsets are those of the file."""

    line: int
    sentence: int
    token: int
    is_part: bool
    start: int
    end: int
    text: str
    cell: str


class WebAnno(FileFormat):
    """WebAnno TSV 3; see `find_column` for the layer that is read."""

    name = "webanno"
    title = "WebAnno TSV 3"

    def recognizes(self, sample: Sample) -> float:
        """Whether the first line names the format."""
        return float(sample.text.startswith(_FORMAT))

    def open(self, parts: dict[str, list[Path]], columns: Mapping[str, str]) -> Opened:
        """Name the layer of the first file in the log; see the base class.

        Raises:
            UserError: The first file has another version, or it is not clear which layer has the entities.
        """
        sample = Sample(next(chain.from_iterable(parts.values())), columns)
        column = _column(sample.path, sample.lines, columns)
        feature = f", feature {column.feature}" if column.feature else ""
        return Opened(self, dict(parts), f"{self.title} (layer {column.layer}{feature})")

    def read(self, path: Path, options: Options) -> Iterator[Text]:
        """Read a file; see the base class."""
        lines = read_lines(path)
        column = _column(path, lines, options.columns)
        numbered = [(at, line) for at, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#")]
        units = [_parse(path, at, line, column) for at, line in numbered]
        seen: set[_Key] = set()
        for _, group in groupby(units, key=attrgetter("sentence")):
            yield _sentence(list(group), column, path, options, seen=seen)


def _column(path: Path, lines: Sequence[str], own: Mapping[str, str]) -> Column:
    first = lines[0] if lines else ""
    if not first.startswith(f"{_FORMAT}3"):
        raise UserError(
            f"{path}:1: expected `{_FORMAT}3.3` or another version 3, found {first[:60]!r}. Export the document as "
            "WebAnno TSV v3.x."
        )
    header = takewhile(lambda line: not line.startswith("#Text=") and not _UNIT.fullmatch(line), lines)
    return find_column(str(path), [line for line in header if line.startswith("#T_")], own)


def _parse(path: Path, number: int, line: str, column: Column) -> _Unit:
    match = _UNIT.fullmatch(line)
    cells = line.removesuffix("\t").split("\t")
    if match is None or len(cells) != column.width:
        raise UserError(
            f"{path}:{number}: expected a token in {column.width} columns, such as `1-1<TAB>0-3<TAB>Ada<TAB>PER`, "
            f"found {line[:80]!r}."
        )
    sentence, token, start, end = (int(match[name]) for name in ("sentence", "token", "start", "end"))
    return _Unit(number, sentence, token, match["part"] is not None, start, end, match["text"], cells[column.at])


def _sentence(units: list[_Unit], column: Column, path: Path, options: Options, *, seen: set[_Key]) -> Text:
    """The text of the tokens of a sentence, and its annotations.

    Args:
        units: Tokens, each before its parts.
        column: Where annotations are.
        path: The file, for messages.
        options: Options of the source.
        seen: The annotations of the sentences before; those of this one are added.
    """
    words: list[Word] = []
    starts: dict[int, tuple[int, _Unit]] = {}
    position = 0
    for token in units:
        if not token.is_part:
            words.append(Word(token.text, position, position + len(token.text)))
            starts[token.token] = position, token
            position += len(token.text) + 1
    text = " ".join(word.text for word in words)
    spans = list(_joined(_pieces(units, starts, column, path), options, seen))
    given = None if options.split_words else words
    return Text(text, spans, f"{path}:{units[0].line}", words=given, cut="never")


def _pieces(
    units: Iterable[_Unit], starts: Mapping[int, tuple[int, _Unit]], column: Column, path: Path
) -> Iterator[tuple[_Key, Span]]:
    """The annotations of each unit, with what tells them from others; the type of one without a value is empty."""
    for unit in units:
        place = f"{path}:{unit.line}"
        if unit.token not in starts:
            raise UserError(f"{place}: expected token {unit.token} before its parts, found only {unit.text!r}.")
        start, end = _offsets(unit, *starts[unit.token])
        for number, item in enumerate(read_items(unit.cell, place)):
            value = item.value if column.feature else column.layer
            entity_type = "" if value is None else check_type(value, place)
            key = (str(unit.line), number) if item.id is None else (item.id,)
            yield key, Span(start, end, entity_type, unit.text, place)


def _joined(pieces: Iterable[tuple[_Key, Span]], options: Options, seen: set[_Key]) -> Iterator[Span]:
    """The annotations of a sentence, each from its first to its last unit."""
    found: dict[_Key, list[Span]] = {}
    for key, piece in pieces:
        found.setdefault(key, []).append(piece)
    for key, parts in found.items():
        first, last = parts[0], parts[-1]
        if key in seen:
            options.report.add("divided", first.place, f"`{first.text}` ({first.type})")
        if first.type:
            yield first._replace(end=last.end, text=None if len(parts) > 1 else first.text)
        else:
            options.report.add("no_type", first.place, f"`{first.text}`")
    seen.update(found)


def _offsets(unit: _Unit, start: int, token: _Unit) -> tuple[int, int]:
    """The characters of a unit in the text of its sentence, where its token starts at ``start``."""
    if not unit.is_part:
        return start, start + len(unit.text)
    before = token.text.encode("utf-16-le")[: 2 * (unit.start - token.start)]  # the file counts as Java does
    begin = start + len(before.decode("utf-16-le", errors="ignore"))
    return begin, begin + len(unit.text)
