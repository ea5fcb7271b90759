"""Reads lists of entity types stored beside the data (``label.txt``, ``labels.json``, …)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from gner.bio import OUTSIDE
from gner.data.annotations.tag_syntax import PREFIX, find_syntax
from gner.data.reading.text_files import read_lines, read_text, replace_surrogates
from gner.errors import UserError

_LISTS = ("label.txt", "labels.txt", "labels.json", "label.json", "types.txt", "types.json")
_NO_TYPE = "NA"
"""InstructUIE's placeholder for no type, also in its lists."""


def read_declared_types(folder: Path) -> tuple[str, ...] | None:
    """The types that a file of the folder lists, in its order; None without such a file.

    A text file has one type per line, a JSON file a list, or an object with types as values or keys. If all are tags
    such as ``B-person``, their types are returned. ``NA`` is no type.

    Raises:
        UserError: The file is malformed.
    """
    path = next((folder / name for name in _LISTS if (folder / name).is_file()), None)
    if path is None:
        return None
    names = _from_json(path) if path.suffix == ".json" else [line.strip() for line in read_lines(path)]
    types = types_of_tags(name for name in names if name and name != _NO_TYPE)
    if not types:
        raise UserError(f"{path}: expected entity types, found none. List them, or remove the file.")
    return types


def types_of_tags(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct types from a list of types or of tags; none from tags without types.

    Names with a prefix elsewhere than at their start are tags only if ``O`` is among them.

    Example:
        >>> types_of_tags(["O", "B-person", "I-person", "B-city"]), types_of_tags(["person", "O-ring"])
        (('person', 'city'), ('person', 'O-ring'))
        >>> types_of_tags(["O", "person-B", "person-I"]), types_of_tags(["vitamin-B"]), types_of_tags(["O", "B", "I"])
        (('person',), ('vitamin-B',), ())
    """
    found = list(names)
    syntax = find_syntax(found)
    if syntax is not None and (syntax is PREFIX or OUTSIDE in found):
        found = [syntax.type_of(name) for name in found]
    return tuple(dict.fromkeys(name for name in found if name not in ("", OUTSIDE)))


def _from_json(path: Path) -> list[str]:
    try:
        value, _ = replace_surrogates(json.loads(read_text(path)))
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: expected JSON: {error.msg}.") from error
    if isinstance(value, dict):
        value = list(value.values()) if all(isinstance(one, str) for one in value.values()) else list(value)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UserError(f"{path}: expected a list of entity types. Correct or remove the file.")
    return value
