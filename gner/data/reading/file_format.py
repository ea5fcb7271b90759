"""What a file format is: how its files are recognised and read, and which types they declare.

See docs/plugins.md for a format of your own, and docs/decisions/file_formats.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from gner.data.annotations.spans import Options, Tagged, Text
from gner.data.reading.label_files import read_declared_types
from gner.data.reading.splits import find_parts
from gner.data.reading.tables import Part
from gner.data.reading.text_files import read_json, split_lines

_HEAD = 1 << 16
_NUM_RECORDS = 50


class Sample:
    """The beginning of a file, from which formats recognise it.

    Args:
        path: The file.
        columns: Fields with unusual names, by what they hold; see `gner.data.Source`.

    Attributes:
        path: As given.
        columns: As given.
        head: Its first 64 KiB.
    """

    def __init__(self, path: Path, columns: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.columns = dict(columns or {})
        with path.open("rb") as file:
            self.head = file.read(_HEAD)

    @cached_property
    def text(self) -> str:
        """The beginning as text; bytes that are not UTF-8 are replaced."""
        return self.head.decode("utf-8-sig", errors="replace")

    @cached_property
    def lines(self) -> list[str]:
        """The whole lines of the beginning, without line ends."""
        lines = split_lines(self.text)
        return lines[:-1] if len(self.head) == _HEAD else lines

    @property
    def is_json(self) -> bool:
        """Whether the file starts as JSON does."""
        return self.text.lstrip().startswith(("{", "["))

    @cached_property
    def records(self) -> list[Any]:
        """The first JSON values of the file, at most 50; empty for a file that is not JSON.

        Raises:
            UserError: It starts as JSON, but cannot be parsed.
        """
        if not self.is_json:
            return []
        return [record.value for record in islice(read_json(self.path), _NUM_RECORDS)]


class Opened(NamedTuple):
    """A source whose layout is settled.

    Attributes:
        format: Reads its parts.
        parts: Files or table of each split; of a single file, its own split comes first.
        detail: Description for the log.
    """

    format: FileFormat
    parts: dict[str, Part]
    detail: str


class FileFormat(ABC):
    """Recognises and reads the files of a format. An object reads one source, whose layout it may keep.

    Attributes:
        name: Value of ``format`` of a source.
        title: What messages call it.
        needs_folder: Whether a source is a folder, never a file.
        one_document_per_file: Whether a folder is mostly full of files, whose names are those of documents and not of
            splits; these are in folders.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    needs_folder: ClassVar[bool] = False
    one_document_per_file: ClassVar[bool] = False

    @abstractmethod
    def recognizes(self, sample: Sample) -> float:
        """How much of the beginning of a file has this format, from 0 (nothing) to 1 (everything)."""

    @abstractmethod
    def read(self, path: Path, options: Options) -> Iterator[Text | Tagged]:
        """Read a file: texts with character spans, or sentences in words and tags.

        Changes and omissions are added to ``options.report``.

        Raises:
            UserError: The file is malformed; the message names file and line.
        """

    def recognizes_folder(self, folder: Path) -> bool:
        """Whether a folder as a whole has this format, whatever its files look like one by one."""
        return False

    def find_parts(self, folder: Path) -> dict[str, list[Path]]:
        """The files of each split of a folder; by default their names tell the split, or those of their folders.

        Raises:
            UserError: A split may be there twice.
        """
        return find_parts(folder, by_file=not self.one_document_per_file)

    def open(self, parts: dict[str, list[Path]], columns: Mapping[str, str]) -> Opened:
        """Settle the layout from all files of a source, before any is read.

        Raises:
            UserError: The files have no common layout, or it is not clear which.
        """
        return Opened(self, dict(parts), self.title)

    def read_part(self, part: Part, name: str, options: Options) -> Iterator[Text | Tagged]:
        """Read one split.

        Args:
            part: Its files, or its table.
            name: Name of a table in messages.
            options: Options of the source.
        """
        return chain.from_iterable(self.read(path, options) for path in part)

    def declared_types(self, part: Part, folder: Path, columns: Mapping[str, str]) -> tuple[str, ...]:
        """The types that the source lists itself; empty if it does not.

        Args:
            part: The split to be read.
            folder: The source, or the folder that it is in.
            columns: Fields with unusual names.

        Raises:
            UserError: The list is malformed.
        """
        if not isinstance(part, list):
            return ()
        folders = dict.fromkeys([part[0].parent, folder])
        return next((found for one in folders if (found := self.types_of_folder(one))), ())

    def types_of_folder(self, folder: Path) -> tuple[str, ...] | None:
        """The types that a file of a folder lists; by default ``label.txt``, ``labels.json`` and the like."""
        return read_declared_types(folder)
