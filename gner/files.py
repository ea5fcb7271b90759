"""Files that are there whole or not at all, UTF-8, and lines of JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from gner.errors import UserError

_STREAM = re.compile(r"/dev/(std(in|out|err)|fd/\d+)|/proc/(\d+|self)/fd/\d+")
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


def is_written_through(path: Path) -> bool:
    """Whether a path is no file that another can take the place of: standard output, a pipe, a device."""
    if _STREAM.fullmatch(str(path.absolute())):  # also where it goes to a file
        return True
    return path.exists() and not (path.is_file() or path.is_dir())


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
