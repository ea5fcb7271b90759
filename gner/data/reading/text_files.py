"""Reads text files, their lines and JSON values, with the place of each value for messages."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Record
from gner.errors import UserError
from gner.files import HALF_CHARACTER, decode

_NEWLINE = re.compile(r"\r\n|\n|\r")  # str.splitlines would also split words at U+2028 and similar characters
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_JSON_SPACE = re.compile(r"[ \t\n\r]*")


def read_text(path: Path, *, keep_mark: bool = False) -> str:
    """The text of a UTF-8 file; its line ends are kept.

    Args:
        path: The file.
        keep_mark: Keep a byte order mark, which offsets may count.

    Raises:
        UserError: The file is missing or not UTF-8.
    """
    if not path.is_file():
        raise UserError(f"Expected the file {path}, but it does not exist.")
    return decode(path.read_bytes(), str(path), keep_mark=keep_mark)


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, without line ends; see `read_text`."""
    return split_lines(read_text(path))


def split_lines(text: str) -> list[str]:
    """The lines of a text, without line ends."""
    return _NEWLINE.split(text)


def read_json(path: Path, report: ReadReport | None = None) -> Iterator[Record]:
    """The values of a JSON file: the items of an array, or the values of JSONL.

    If the whole file is one object with an array of objects called ``data`` or ``examples``, its items are returned.
    Lone surrogates (``\\ud83d``), which UTF-8 cannot encode, become U+FFFD; ``report`` counts them.

    Raises:
        UserError: The file is missing, or not JSON.
    """
    if not path.is_file():
        raise UserError(f"Expected the file {path}, but it does not exist.")
    for text, records in _lines(path) if _is_jsonl(path) else [_whole(path)]:
        may_have_surrogates = _SURROGATE_ESCAPE.search(text) is not None
        for record in records:
            value, number = replace_surrogates(record.value) if may_have_surrogates else (record.value, 0)
            if number and report is not None:
                report.add("replaced", record.place, f"{number} characters")
            yield Record(value, record.place)


Parsed = tuple[str, Iterable[Record]]
"""A text, and the JSON values in it."""


def _is_jsonl(path: Path) -> bool:
    """Whether a file has more than one line, and the first is an object."""
    with path.open("rb") as file:
        some = list(islice((line for line in file if line.strip()), 2))
    return len(some) == 2 and some[0].removeprefix(codecs.BOM_UTF8).startswith(b"{") and _parse(some[0]) is not None


def _parse(line: bytes) -> Any:
    """The JSON value of a line; None if it is not one, or null."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _lines(path: Path) -> Iterator[Parsed]:
    """Values of JSONL line by line, so that the text is never held as a whole; the rest at once if a line is none."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            text = decode(line, str(path), number)
            value = _parse(line)
            if value is None:
                text += decode(file.read(), str(path), number + 1)
                yield text, _records(path, text, number)
            else:
                yield text, [Record(value, f"{path}:{number}")]


def _whole(path: Path) -> Parsed:
    text = read_text(path)
    return text, _records(path, text)


def replace_surrogates(value: Any) -> tuple[Any, int]:
    """A JSON value with U+FFFD in place of lone surrogates, and how many there were.

    Example:
        >>> replace_surrogates({"text": ["a\\ud83d"]})
        ({'text': ['a\ufffd']}, 1)
    """
    if isinstance(value, str):
        return HALF_CHARACTER.subn("\ufffd", value)
    if isinstance(value, list):
        pairs = [replace_surrogates(item) for item in value]
        return [item for item, _ in pairs], sum(number for _, number in pairs)
    if isinstance(value, dict):
        keys, num_in_keys = replace_surrogates(list(value))
        items, num_in_items = replace_surrogates(list(value.values()))
        return dict(zip(keys, items, strict=True)), num_in_keys + num_in_items
    return value, 0


def _records(path: Path, text: str, first_line: int = 1) -> Iterator[Record]:
    start = _skip(text, 0)
    if text.startswith("[", start) and not text.startswith('"', _skip(text, start + 1)):  # [text, {...}] is spaCy 2
        yield from _items(path, text, start + 1)
        return
    decoder = json.JSONDecoder()
    line, counted = first_line, 0
    position = start
    values = 0
    while position < len(text):
        line, counted = line + text.count("\n", counted, position), position
        value, end = _decode(decoder, path, text, position, first_line)
        position = _skip(text, end)
        values += 1
        is_only_one = values == 1 and position == len(text) and first_line == 1
        inner = _inner_array(value) if is_only_one else None
        if inner is None:
            yield Record(value, f"{path}:{line}")
        else:
            yield from (Record(item, f"{path}:{line}, item {number}") for number, item in enumerate(inner, start=1))


def _inner_array(value: Any) -> list[Any] | None:
    if isinstance(value, dict):
        for key in ("data", "examples"):
            items = value.get(key)
            if isinstance(items, list) and items and isinstance(items[0], dict):
                return items
    return None


def _items(path: Path, text: str, position: int) -> Iterator[Record]:
    """The items of an array, decoded one by one, so that the line of each is known."""
    decoder = json.JSONDecoder()
    line, counted = 1, 0
    number = 0
    position = _skip(text, position)
    while not text.startswith("]", position):
        number += 1
        line, counted = line + text.count("\n", counted, position), position
        value, end = _decode(decoder, path, text, position, 1)
        yield Record(value, f"{path}:{line}, item {number}")
        position = _skip(text, end)
        if text.startswith(",", position):
            position = _skip(text, position + 1)
        elif not text.startswith("]", position):
            raise UserError(
                f"{_place(path, text, position, 1)}: expected JSON, found no `,` or `]` after item {number}."
            )


def _skip(text: str, position: int) -> int:
    match = _JSON_SPACE.match(text, position)
    assert match is not None
    return match.end()


def _decode(decoder: json.JSONDecoder, path: Path, text: str, position: int, first_line: int) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, position)
    except json.JSONDecodeError as error:
        line_start = text.rfind("\n", 0, error.pos) + 1
        line = text[line_start:].partition("\n")[0]
        reason = error.msg[:1].lower() + error.msg[1:]
        raise UserError(
            f"{_place(path, text, error.pos, first_line)}: expected JSON, but {reason} in {line[:80]!r}."
        ) from error


def _place(path: Path, text: str, position: int, first_line: int) -> str:
    return f"{path}:{text.count(chr(10), 0, position) + first_line}"
