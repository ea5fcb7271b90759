"""Reads text files, their lines and JSON values, with the place of each value for messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
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
    text = read_text(path)
    records = _records(path, text)
    if not _SURROGATE_ESCAPE.search(text):
        yield from records
        return
    for record in records:
        value, number = replace_surrogates(record.value)
        if number and report is not None:
            report.add("replaced", record.place, f"{number} characters")
        yield Record(value, record.place)


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


def _records(path: Path, text: str) -> Iterator[Record]:
    start = _skip(text, 0)
    if text.startswith("[", start) and not text.startswith('"', _skip(text, start + 1)):  # [text, {...}] is spaCy 2
        yield from _items(path, text, start + 1)
        return
    decoder = json.JSONDecoder()
    line, counted = 1, 0
    position = start
    values = 0
    while position < len(text):
        line, counted = line + text.count("\n", counted, position), position
        value, end = _decode(decoder, path, text, position)
        position = _skip(text, end)
        values += 1
        inner = _inner_array(value) if values == 1 and position == len(text) else None
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
        value, end = _decode(decoder, path, text, position)
        yield Record(value, f"{path}:{line}, item {number}")
        position = _skip(text, end)
        if text.startswith(",", position):
            position = _skip(text, position + 1)
        elif not text.startswith("]", position):
            raise UserError(f"{_place(path, text, position)}: expected JSON, found no `,` or `]` after item {number}.")


def _skip(text: str, position: int) -> int:
    match = _JSON_SPACE.match(text, position)
    assert match is not None
    return match.end()


def _decode(decoder: json.JSONDecoder, path: Path, text: str, position: int) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, position)
    except json.JSONDecodeError as error:
        line_start = text.rfind("\n", 0, error.pos) + 1
        line = text[line_start:].partition("\n")[0]
        reason = error.msg[:1].lower() + error.msg[1:]
        raise UserError(f"{_place(path, text, error.pos)}: expected JSON, but {reason} in {line[:80]!r}.") from error


def _place(path: Path, text: str, position: int) -> str:
    return f"{path}:{text.count(chr(10), 0, position) + 1}"
