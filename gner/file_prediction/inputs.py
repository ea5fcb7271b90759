"""Reads texts from files, record by record: plain lines, JSON Lines, CSV, Parquet, folders and streams."""

from __future__ import annotations

import csv
import io
import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import pyarrow.parquet
from pyarrow import ArrowInvalid

from gner.errors import UserError, first_line
from gner.files import GZIP, decode, decompressed

InputFormat = Literal["auto", "text", "jsonl", "csv", "parquet", "folder"]
STDIN = "-"
_BY_SUFFIX: dict[str, InputFormat] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
_WORDS = "words"
_ROWS_AT_ONCE = 256
_CHARACTERS_AT_ONCE = 1_000_000
csv.field_size_limit(2**31 - 1)  # a field may be a book


class Record(NamedTuple):
    """A text to label, with all fields of its row.

    Attributes:
        text: The text, or its words if it is already split.
        row: The fields that are written back with the entities.
        place: Its file and line or row, for messages.
    """

    text: str | list[str]
    row: dict[str, Any]
    place: str


class Input(NamedTuple):
    """Where texts come from.

    Attributes:
        path: A file or folder, or ``-`` for standard input.
        format: Its file format; ``auto`` detects it by folder and suffix, in a stream by the first line not blank.
        column: Field or column of the text; JSON Lines may have ``words`` instead.
    """

    path: str
    format: InputFormat = "auto"
    column: str = "text"

    def resolve(self) -> Input:
        """The same with its format detected.

        Raises:
            UserError: There is no such file, or it cannot have this format.
        """
        path = Path(self.path)
        if self.is_stream:
            if self.format not in ("auto", "text", "jsonl"):
                raise UserError(f"Expected text or jsonl in a stream, got --input-format {self.format}. Give a file.")
            return self
        if not path.exists():
            raise UserError(f"Expected texts in {self.path}, but there is no such file or folder.")
        if path.is_dir() != (self.format == "folder") and self.format != "auto":
            raise UserError(f"Expected a {self.format}, but {self.path} is a {'folder' if path.is_dir() else 'file'}.")
        if self.format != "auto":
            return self
        return self._replace(format="folder" if path.is_dir() else _BY_SUFFIX.get(_suffix(self.path), "text"))

    @property
    def is_stream(self) -> bool:
        """Whether it can be read only once: standard input, a pipe."""
        path = Path(self.path)
        return self.path == STDIN or (path.exists() and not path.is_dir() and not path.is_file())

    def num_records(self) -> int | None:
        """How many records there are, or None where counting would mean parsing them."""
        if self.is_stream or self.format == "csv":
            return None
        if self.format == "folder":
            return len(_text_files(Path(self.path)))
        if self.format == "parquet":
            return int(_open_parquet(self.path).metadata.num_rows)
        with _open(self.path) as file:
            if file.peek(2).startswith(GZIP):
                return None
            return sum(1 for line in file if self.format == "text" or line.strip())

    def records(self) -> Iterator[Record]:
        """The records, in order.

        Raises:
            UserError: A line or a row is malformed.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     path = Path(folder, "texts.csv")
            ...     _ = path.write_text("id,text\\n7,Ada slept.\\n")
            ...     [record] = Input(str(path)).resolve().records()
            >>> record.text, record.row  # all columns come back with the entities
            ('Ada slept.', {'id': '7', 'text': 'Ada slept.'})
        """
        readers = {"csv": self._csv, "parquet": self._parquet, "folder": self._folder}
        if self.format in readers:
            return readers[self.format]()
        line_readers = {"text": _as_text, "jsonl": self._json}
        return self._lines(line_readers.get(self.format))

    def _lines(self, read: Callable[[str, str], Record] | None) -> Iterator[Record]:
        """Read each line with ``read``; None chooses it by the first line that is not blank."""
        name = "standard input" if self.path == STDIN else self.path
        with decompressed(_open(self.path), name) as lines:
            for number, raw in enumerate(lines, start=1):
                place = f"{name}:{number}"
                line = decode(raw, name, number).removesuffix("\n").removesuffix("\r")
                if read is None and line.strip():
                    read = self._json if _is_object(line) else _as_text
                if line.strip() or read != self._json:
                    yield (read or _as_text)(line, place)

    def _json(self, line: str, place: str) -> Record:
        try:
            row = json.loads(line)
        except RecursionError as error:
            raise UserError(f"{place}: expected a JSON object, found one that is nested too deeply to read.") from error
        except ValueError as error:
            raise UserError(f"{place}: expected a JSON object, found {line[:80]!r}: {error}.") from error
        if not isinstance(row, dict):
            raise UserError(f"{place}: expected a JSON object, found {line[:80]!r}.")
        return self._from_row(row, place)

    def _from_row(self, row: dict[str, Any], place: str) -> Record:
        text = row.get(self.column)
        if isinstance(text, str):
            return Record(text, row, place)
        words = row.get(self.column if isinstance(text, list) else _WORDS)
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return Record(words, row, place)
        is_null = text is None and words is None
        if is_null and self.column in row:  # tables have rows without a text: no entities
            return Record("", row, place)
        if is_null and _WORDS in row:
            return Record([], row, place)
        raise UserError(
            f"{place}: expected a text in `{self.column}`, or a list of words in `{_WORDS}`, found {self._found(row)}. "
            "Name the field with --column."
        )

    def _found(self, row: dict[str, Any]) -> str:
        """What a row holds in place of a text, for messages."""
        given = [name for name in (self.column, _WORDS) if row.get(name) is not None]
        if given:
            return " and ".join(f"{row[name]!r:.80} in `{name}`" for name in given)
        return f"only {', '.join(map(str, row)) or 'nothing'}"

    def _csv(self) -> Iterator[Record]:
        delimiter = "\t" if _suffix(self.path) == ".tsv" else ","
        with decompressed(_open(self.path), self.path) as content:
            text = io.TextIOWrapper(cast(Any, content), encoding="utf-8-sig", newline="")
            reader = csv.reader(text, delimiter=delimiter, strict=True)
            try:
                names = next(reader, [])
                if len(set(names)) < len(names):
                    raise UserError(f"{self.path}:1: expected a name for each column, found {', '.join(names)}.")
                for row in reader:
                    place = f"{self.path}:{reader.line_num}"
                    if row and len(row) != len(names):
                        raise UserError(f"{place}: expected {len(names)} columns, found {len(row)}.")
                    if row:
                        yield self._from_row(dict(zip(names, row, strict=True)), place)
            except (csv.Error, UnicodeDecodeError) as error:
                raise UserError(f"{self.path}:{reader.line_num + 1}: expected CSV in UTF-8: {error}.") from error

    def _parquet(self) -> Iterator[Record]:
        number = 0
        batches = _open_parquet(self.path).iter_batches(_ROWS_AT_ONCE)
        while (batch := self._next_batch(batches, number)) is not None:
            for row in batch.to_pylist():
                number += 1
                yield self._from_row(row, f"{self.path}, row {number}")

    def _next_batch(self, batches: Iterator[Any], num_read: int) -> Any:
        try:
            return next(batches, None)
        except (ArrowInvalid, OSError) as error:
            raise UserError(
                f"{self.path}: expected a complete Parquet file, but nothing after row {num_read:,} can be read: "
                f"{first_line(error)} Write it again."
            ) from error

    def _folder(self) -> Iterator[Record]:
        folder = Path(self.path)
        for path in _text_files(folder):
            with decompressed(path.open("rb"), str(path)) as file:
                text = decode(file.read(), str(path))
            yield Record(text, {"id": path.relative_to(folder).as_posix(), "text": text}, str(path))


def _suffix(path: str) -> str:
    """The suffix of a file name; of a compressed file, that of its content."""
    return Path(path.lower().removesuffix(".gz")).suffix


def _text_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.txt") if path.is_file())


def _as_text(line: str, place: str) -> Record:
    return Record(line, {"text": line}, place)


def _is_object(line: str) -> bool:
    """Whether a line is a JSON object, and not text that starts with a brace."""
    try:
        return isinstance(json.loads(line), dict)
    except RecursionError:
        return line.startswith("{")
    except ValueError:
        return False


def _open(path: str) -> io.BufferedReader:
    """Open a file, or a duplicate of standard input: a reader thread would hold the lock of Python's own at exit."""
    return os.fdopen(os.dup(sys.stdin.fileno()), "rb") if path == STDIN else Path(path).open("rb")


def _open_parquet(path: str) -> pyarrow.parquet.ParquetFile:
    try:
        return pyarrow.parquet.ParquetFile(path)
    except ArrowInvalid as error:
        raise UserError(f"{path}: expected a Parquet file: {error}.") from error


def as_they_come(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """Blocks of the records that have arrived, at most ``size``; waits only while there is none.

    Example:
        >>> records = [Record(text, {"text": text}, f"in.txt:{number}") for number, text in enumerate("abc", start=1)]
        >>> sum(len(block) for block in as_they_come(records, size=2))
        3
    """
    arrived: queue.Queue[Record | BaseException | None] = queue.Queue(2 * size)

    def read() -> None:
        """Keep reading while the consumer works."""
        try:
            for record in records:
                arrived.put(record)
            arrived.put(None)
        except Exception as error:
            arrived.put(error)

    threading.Thread(target=read, daemon=True).start()
    block: list[Record] = []
    while True:
        if block and (len(block) == size or arrived.empty()):
            yield block
            block = []
        item = arrived.get()
        if isinstance(item, Record):
            block.append(item)
            continue
        if block:
            yield block
        if item is not None:
            raise item
        return


def in_blocks(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """Blocks of ``size`` records, or of fewer if they are long; the last may be shorter.

    Example:
        >>> [len(block) for block in in_blocks([Record("Ada", {}, "a.txt:1")] * 5, size=2)]
        [2, 2, 1]
    """
    block: list[Record] = []
    num_characters = 0
    for record in records:
        block.append(record)
        num_characters += len(record.text) if isinstance(record.text, str) else sum(map(len, record.text))
        if len(block) == size or num_characters >= _CHARACTERS_AT_ONCE:
            yield block
            block, num_characters = [], 0
    if block:
        yield block
