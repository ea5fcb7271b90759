"""Reads the annotations of Amazon Comprehend: a CSV file with offsets in text files beside it.

The format is described at docs.aws.amazon.com/comprehend/latest/dg/cer-annotation-csv.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from gner.data.annotations.spans import Options, Span, Text
from gner.data.reading.csv_rows import Row, read_csv, split_rows
from gner.data.reading.file_format import FileFormat, Opened, Sample
from gner.data.reading.json_fields import check_type, whole_number
from gner.data.reading.own_files import own_parts
from gner.data.reading.text_files import read_lines, read_text
from gner.errors import UserError

_NAMES = ("file", "line", "begin offset", "end offset", "type")
_WITHOUT_LINE = tuple(name for name in _NAMES if name != "line")
_ENTITY_LIST = ("text", "type")


class _Annotation(NamedTuple):
    """A row of the CSV file; ``line`` counts from 0, and is None if the whole file is one document."""

    file: str
    line: int | None
    span: Span


class Comprehend(FileFormat):
    """Annotations of Amazon Comprehend, with a document in each line of a text file, or in each file.

    Lines without annotations are sentences without entities; files that no row names are not read. Lists of entities
    (``Text,Type``) are refused, as they have no sentences.
    """

    name = "comprehend"
    title = "Amazon Comprehend's annotations"

    def recognizes(self, sample: Sample) -> float:
        """Whether the first line names the columns of annotations, or of a list of entities."""
        names = _names(sample.lines)
        return float(names in (_NAMES, _WITHOUT_LINE) or sorted(names) == sorted(_ENTITY_LIST))

    def recognizes_folder(self, folder: Path) -> bool:
        """Whether a file of annotations is in it or below."""
        files = chain.from_iterable(self.find_parts(folder).values())
        return any("file" in _names(Sample(path).lines) for path in files)

    def find_parts(self, folder: Path) -> dict[str, list[Path]]:
        """The files of annotations by split; the documents are found from there."""
        return own_parts(self, folder, [".csv"])

    def open(self, parts: dict[str, list[Path]], columns: Mapping[str, str]) -> Opened:
        """Refuse lists of entities; see the base class.

        Raises:
            UserError: A file is a list of entities.
        """
        for path in chain.from_iterable(parts.values()):
            if "text" in _names(Sample(path).lines):
                raise UserError(
                    f"{path}:1: expected annotations with the columns {', '.join(_NAMES)}, found a list of entities, "
                    "which has no sentences. Label the occurrences in your documents and save the annotations, or "
                    'write each document as {"text": "…", "spans": [{"start": 0, "end": 3, "label": "PERSON"}]}.'
                )
        return super().open(parts, columns)

    def read(self, path: Path, options: Options) -> Iterator[Text]:
        """Read a file of annotations and the documents that it names; see the base class."""
        found = split_rows(read_csv(path, options.report), ",", path)
        header, *rows = [row for row in found if row.cells] or [Row(1, [])]
        names = tuple(name.lower() for name in header.cells)
        if names not in (_NAMES, _WITHOUT_LINE):
            raise UserError(f"{path}:{header.line}: expected the columns {', '.join(_NAMES)}, found {header.cells}.")
        by_file: dict[str, list[_Annotation]] = {}
        for row in rows:
            annotation = _annotation(row, names, path)
            by_file.setdefault(annotation.file, []).append(annotation)
        for name, own in by_file.items():
            yield from _documents(_find(name, path), own)


def _names(lines: Sequence[str]) -> tuple[str, ...]:
    """The names in the first line, in lower case."""
    first = next((line for line in lines if line.strip()), "")
    return tuple(re.sub(r"[\"\s]+", " ", name).strip().lower() for name in first.split(","))


def _annotation(row: Row, names: Sequence[str], path: Path) -> _Annotation:
    place = f"{path}:{row.line}"
    values = dict(zip(names, row.cells, strict=False))
    start, end = whole_number(values.get("begin offset")), whole_number(values.get("end offset"))
    line = whole_number(values.get("line"))
    if len(row.cells) != len(names) or start is None or end is None or (line is None and values.get("line")):
        shown = ",".join(row.cells)[:80]
        raise UserError(f"{place}: expected {', '.join(names)}, such as `documents.txt,0,0,3,PERSON`, found {shown!r}.")
    return _Annotation(
        Path(values["file"]).name, line, Span(start, end, check_type(values["type"], place), place=place)
    )


def _find(name: str, path: Path) -> Path:
    """The text file of a name, beside the annotations or in a folder beside theirs.

    Raises:
        UserError: There is none, or there are several.
    """
    beside = path.parent / name
    others = [folder / name for folder in sorted(path.parent.parent.iterdir()) if folder.is_dir()]
    found = [beside] if beside.is_file() else [other for other in others if other.is_file()]
    if len(found) != 1:
        places = ", ".join(map(str, found)) or f"neither {beside} nor one in a folder beside {path.parent}"
        raise UserError(f"{path}: expected one file {name} with the text, found {places}. Put it beside them.")
    return found[0]


def _documents(path: Path, rows: Sequence[_Annotation]) -> Iterator[Text]:
    """The documents of a text file: its lines, or the file if no annotation has a line."""
    if all(one.line is None for one in rows):
        yield Text(read_text(path), [one.span for one in rows], str(path), cut="always", is_file=True)
        return
    lines = read_lines(path)
    by_line: dict[int, list[Span]] = {}
    for one in rows:
        if one.line is None or one.line >= len(lines):
            last, place = len(lines) - 1, one.span.place
            raise UserError(f"{place}: expected a line of {path} from 0 to {last}, found {one.line}.")
        by_line.setdefault(one.line, []).append(one.span)
    for number, line in enumerate(lines):
        if line.strip() or number in by_line:
            yield Text(line, by_line.get(number, []), f"{path}:{number + 1}")
