"""Reads datasets in the folder layout of GNER and InstructUIE.

``ROOT/DATASET/{train,dev,test}.txt`` holds one ``word<TAB>tag`` per line and a blank line between sentences;
``ROOT/DATASET/label.txt`` holds one entity type per line.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from gner.data.annotations.schemes import DOCUMENT_START, has_prefix, sentence_of_rows
from gner.data.annotations.spans import Options, Tagged
from gner.data.reading.file_format import FileFormat, Sample
from gner.data.reading.splits import Split
from gner.data.reading.text_files import read_lines
from gner.errors import UserError, did_you_mean

_LABELS = "label.txt"


class GnerFolder(FileFormat):
    """The folder layout of GNER and InstructUIE."""

    name = "gner"
    title = "the GNER folder layout"
    needs_folder = True

    def recognizes(self, sample: Sample) -> float:
        """Never: a file alone has no list of types beside it."""
        return 0.0

    def recognizes_folder(self, folder: Path) -> bool:
        """Whether there is ``label.txt``, and a file whose first line is a word, a tab and a tag."""
        path = next(iter(_split_files(folder).values()), None)
        if path is None or not (folder / _LABELS).is_file():
            return False
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            lines = (line.strip(" \t\n") for line in file)
            first = next((line for line in lines if line and not line.startswith(DOCUMENT_START)), "")
        return len(first.split("\t")) == 2

    def find_parts(self, folder: Path) -> dict[str, list[Path]]:
        """The files of each split; see the base class."""
        return {split: [path] for split, path in _split_files(folder).items()}

    def read(self, path: Path, options: Options) -> Iterator[Tagged]:
        """Read a file whose types ``label.txt`` lists.

        Raises:
            UserError: A file is missing or has a malformed line, or a type is not listed.
        """
        types = read_types(path.with_name(_LABELS))
        for tagged in _sentences(path):
            _check_types(path, tagged, types)
            yield tagged

    def types_of_folder(self, folder: Path) -> tuple[str, ...] | None:
        """The types of ``label.txt``, in its order."""
        return read_types(folder / _LABELS)


def read_types(path: Path) -> tuple[str, ...]:
    """Read entity types, one per line.

    Raises:
        UserError: The file is missing, holds no types, or holds one twice.
    """
    types: list[str] = []
    for number, line in enumerate(_lines(path), start=1):
        entity_type = line.strip()
        if entity_type in types:
            raise UserError(f"{path}:{number}: the type `{entity_type}` is listed twice. Remove one of the lines.")
        if entity_type:
            types.append(entity_type)
    if not types:
        raise UserError(f"{path}: expected entity types, one per line, found none.")
    return tuple(types)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise UserError(
            f"Expected the file {path}, but it does not exist. A dataset has label.txt, and those of train.txt, "
            "dev.txt and test.txt that a run uses."
        )
    return read_lines(path)


def _sentences(path: Path) -> Iterator[Tagged]:
    rows: list[tuple[int, str, str]] = []
    for number, line in enumerate(_lines(path), start=1):
        columns = line.rstrip(" \t").split("\t")
        if columns == [""] or columns[0] == DOCUMENT_START:
            if rows:
                yield sentence_of_rows(path, rows)
            rows = []
            continue
        if len(columns) != 2 or not columns[0].strip(" ") or not columns[1].strip():
            raise UserError(f"{path}:{number}: expected `word<TAB>tag`, found {_describe(line)}")
        rows.append((number, columns[0].strip(" "), columns[1].strip()))
    if rows:
        yield sentence_of_rows(path, rows)


def _describe(line: str) -> str:
    columns = line.rstrip(" \t").split("\t")
    if len(columns) > 2:
        return (
            f"{len(columns)} columns in {line!r}. Keep the word and its tag; if a word holds a TAB, put a space there."
        )
    if len(columns) == 2:
        return f"an empty word in {line!r}. Remove the line, or write the word."
    if len(line.split()) > 1:
        return f"no TAB in {line!r}. Put a TAB, not a space, between the word and its tag."
    return f"one column in {line!r}. Add a TAB and the tag (`O` outside entities)."


def _check_types(path: Path, tagged: Tagged, types: tuple[str, ...]) -> None:
    """Raise if a tag with a prefix has a type that is not listed; other tags are checked once they are converted."""
    for position, tag in enumerate(tagged.tags):
        entity_type = tag[2:] if has_prefix(tag) else ""
        if entity_type and entity_type not in types:
            raise UserError(_describe_unknown_type(tagged.place_of(position), entity_type, path, types))


def _split_files(folder: Path) -> dict[Split, Path]:
    paths = {split: folder / f"{split}.txt" for split in get_args(Split)}
    return {split: path for split, path in paths.items() if path.is_file()}


def _describe_unknown_type(place: str, entity_type: str, path: Path, types: tuple[str, ...]) -> str:
    hint = did_you_mean(entity_type, types)
    advice = f"{hint} If not, add it there." if hint else " Add it there."
    return (
        f"{place}: the type `{entity_type}` is not in {path.with_name(_LABELS)}.{advice} The types there are: "
        f"{', '.join(types)}."
    )
