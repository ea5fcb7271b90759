"""Files that are there whole or not at all, streams, compressed files, UTF-8, and lines of JSON."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TextIO, cast

from gner.errors import UserError, first_line

_STREAM = re.compile(r"/dev/(?:std(?:in|out|err)|fd/\d+)|/proc/\d+(?:/task/\d+)?/fd/\d+")
_MOST_LINKS = 40
_BROKEN_PIPE = 128 + 13
"""The status of programs that a closed pipe ends (SIGPIPE)."""
GZIP = b"\x1f\x8b"
"""What every file of gzip starts with."""
_COMPRESSED = {
    re.compile(rb"PK\x03\x04"): "a zip archive",
    re.compile(rb"BZh[1-9]1AY&SY"): "a file of bzip2",
    re.compile(rb"\xfd7zXZ\x00"): "a file of xz",
    re.compile(rb"\x28\xb5\x2f\xfd"): "a file of zstd",
}
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""Half of a pair in UTF-16, which JSON can hold and UTF-8 cannot."""


def decode(content: bytes, place: str, line: int = 1, *, keep_mark: bool = False) -> str:
    """UTF-8 to text.

    Args:
        content: The bytes.
        place: The file, for messages.
        line: The number of its line that they start with.
        keep_mark: Keep a byte order mark, which counts where offsets do.

    Raises:
        UserError: They are not UTF-8.
    """
    try:
        return content.decode("utf-8" if keep_mark else "utf-8-sig")
    except UnicodeDecodeError as error:
        line += content.count(b"\n", 0, error.start)
        raise UserError(
            f"{place}:{line}: expected UTF-8, found the byte 0x{content[error.start]:02x}. Save the file as UTF-8, "
            f"for example with `iconv -f latin1 -t utf-8` if it is Latin-1."
        ) from error


@contextmanager
def decompressed(file: io.BufferedReader, name: str) -> Iterator[IO[bytes]]:
    """What a file or stream holds, which gzip may have compressed; the file is closed at the end.

    Args:
        file: Open, at its start.
        name: For messages.

    Raises:
        UserError: A gzip file is not whole, or something else has compressed the file.
    """
    with file:
        head = file.peek(16)[:16]
        found = next((kind for start, kind in _COMPRESSED.items() if start.match(head)), None)
        if found is not None:
            raise UserError(f"{name}: expected a file as it is, or compressed with gzip, found {found}. Unpack it.")
        if not head.startswith(GZIP):
            yield file
            return
        try:
            yield cast(IO[bytes], gzip.GzipFile(fileobj=file))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UserError(f"{name}: expected a whole gzip file: {first_line(error)}. Write it again.") from error


@contextmanager
def until_nobody_reads() -> Iterator[None]:
    """End quietly, as other programs do, when who reads the output, such as ``head``, has enough of it."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes what is left at its end
        raise SystemExit(_BROKEN_PIPE) from None


def is_written_through(path: Path) -> bool:
    """Whether a path, or what it links to, is no file that another can take the place of.

    That is standard output, also where it goes to a file; a pipe; a device.
    """
    if any(_STREAM.fullmatch(str(place)) for place in _links(path)):
        return True
    return path.exists() and not (path.is_file() or path.is_dir())


def is_standard_output(path: Path) -> bool:
    """Whether a path, or what it links to, is standard output."""
    names = {"/dev/stdout", "/dev/fd/1", f"/proc/{os.getpid()}/fd/1"}
    return any(str(place) in names for place in _links(path))


def _links(path: Path) -> Iterator[Path]:
    """A path, and what it is a symbolic link to, link by link: the last one does not tell that it is a stream."""
    place = path.absolute()
    for _ in range(_MOST_LINKS):
        place = Path(os.path.realpath(place.parent), place.name)
        yield place
        if not place.is_symlink():
            return
        place = place.parent / place.readlink()


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A UTF-8 file to write that takes its name when all is written; its folder is made if it is not there.

    A symbolic link stays one, and the file that it names is replaced. What is no file is written to as it is.
    """
    if is_written_through(path):
        with path.open("a", encoding="utf-8") as file:  # standard output may be a file that has something in it
            yield file
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def without_nan(value: Any) -> Any:
    """Plain values with None in the place of numbers that JSON does not have: NaN and infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(one) for one in value]
    return value


def as_line(row: Mapping[str, Any]) -> str:
    """An object as one line of JSON that can be written in UTF-8; what JSON does not have, such as a date, is text."""
    row = without_nan(row)
    line = json.dumps(row, ensure_ascii=False, default=str)
    if HALF_CHARACTER.search(line):
        line = json.dumps(row, default=str)  # half a surrogate pair is valid JSON, but not UTF-8
    return line
