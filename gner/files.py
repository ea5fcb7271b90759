"""Atomic writes, output streams, gzip, UTF-8 decoding, and JSON lines."""

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
"""Exit status of a program that a closed pipe ended (SIGPIPE)."""
GZIP = b"\x1f\x8b"
"""The first bytes of every gzip file."""
_COMPRESSED = {
    re.compile(rb"PK\x03\x04"): "a zip archive",
    re.compile(rb"BZh[1-9]1AY&SY"): "a bzip2 file",
    re.compile(rb"\xfd7zXZ\x00"): "an xz file",
    re.compile(rb"\x28\xb5\x2f\xfd"): "a zstd file",
}
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""A lone surrogate (half of a UTF-16 pair), which JSON can hold and UTF-8 cannot."""


def decode(content: bytes, place: str, line: int = 1, *, keep_mark: bool = False) -> str:
    """Decode UTF-8.

    Args:
        content: The bytes.
        place: The file, for messages.
        line: The line number at which they start.
        keep_mark: Keep a byte order mark, which counts as a character in offsets.

    Raises:
        UserError: They are not UTF-8.

    Example:
        >>> decode("\\ufeffAda".encode(), "a.txt"), len(decode("\\ufeffAda".encode(), "a.txt", keep_mark=True))
        ('Ada', 4)
        >>> decode(b"Ada\\n\\xe9", "a.txt")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: a.txt:2: expected UTF-8, found the byte 0xe9. ...
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
    """Decompress a file or stream if it is gzip; it is closed at the end.

    Args:
        file: Open, at its start.
        name: For messages.

    Raises:
        UserError: A gzip file is truncated or damaged, or the file has another compression.

    Example:
        >>> squeezed = io.BufferedReader(io.BytesIO(gzip.compress(b"Ada")))
        >>> with decompressed(squeezed, "a.txt.gz") as file:
        ...     file.read()
        b'Ada'
    """
    with file:
        head = file.peek(16)[:16]
        found = next((kind for start, kind in _COMPRESSED.items() if start.match(head)), None)
        if found is not None:
            raise UserError(f"{name}: expected an uncompressed or gzip file, found {found}. Decompress it.")
        if not head.startswith(GZIP):
            yield file
            return
        try:
            yield cast(IO[bytes], gzip.GzipFile(fileobj=file))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UserError(f"{name}: expected a whole gzip file: {first_line(error)}. Compress it again.") from error


@contextmanager
def until_nobody_reads() -> Iterator[None]:
    """Exit quietly, as other programs do, when the reader of the output, such as ``head``, closes the pipe."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes the rest at exit
        raise SystemExit(_BROKEN_PIPE) from None


def is_written_through(path: Path) -> bool:
    """Whether a path, or what it links to, must be written in place, as no file can replace it.

    That is standard output, even if redirected to a file; a pipe; a device.

    Example:
        >>> [is_written_through(Path(path)) for path in ("/dev/stdout", "/dev/null", "a.txt")]
        [True, True, False]
    """
    if any(_STREAM.fullmatch(str(place)) for place in _links(path)):
        return True
    return path.exists() and not (path.is_file() or path.is_dir())


def is_standard_output(path: Path) -> bool:
    """Whether a path, or what it links to, is standard output."""
    names = {"/dev/stdout", "/dev/fd/1", f"/proc/{os.getpid()}/fd/1"}
    return any(str(place) in names for place in _links(path))


def _links(path: Path) -> Iterator[Path]:
    """A path and its symbolic links, one by one, as the final target does not show that it is a stream."""
    place = path.absolute()
    for _ in range(_MOST_LINKS):
        place = Path(os.path.realpath(place.parent), place.name)
        yield place
        if not place.is_symlink():
            return
        place = place.parent / place.readlink()


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Write a UTF-8 file atomically: it gets its name once complete. Missing folders are created.

    A symbolic link stays one, and its target is replaced. Streams and devices are written in place.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "new", "a.txt")
        ...     with replacing(path) as file:
        ...         _ = file.write("Ada")
        ...         exists_before = path.exists()
        ...     exists_before, path.read_text()
        (False, 'Ada')
    """
    if is_written_through(path):
        with path.open("a", encoding="utf-8") as file:  # standard output may be redirected to a file that has content
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
    """Replace NaN and infinity, which JSON does not have, by None in nested plain values.

    Example:
        >>> without_nan({"f1": float("nan"), "counts": (1, 2.0)})
        {'f1': None, 'counts': [1, 2.0]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(one) for one in value]
    return value


def as_line(row: Mapping[str, Any]) -> str:
    """Serialize an object as one JSON line that UTF-8 can encode; types that JSON lacks, such as dates, become text.

    Example:
        >>> as_line({"text": "Zürich", "score": float("nan")}), as_line({"text": "\\ud83d"})
        ('{"text": "Zürich", "score": null}', '{"text": "\\\\ud83d"}')
    """
    row = without_nan(row)
    line = json.dumps(row, ensure_ascii=False, default=str)
    if HALF_CHARACTER.search(line):
        line = json.dumps(row, default=str)  # escapes lone surrogates, which UTF-8 cannot encode
    return line
