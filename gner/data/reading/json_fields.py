"""Reads fields of JSON objects, with checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeGuard

from gner.data.annotations.spans import Record
from gner.errors import UserError

Object = dict[str, Any]
"""A JSON object; readers check its values."""


def as_object(record: Record, expected: str) -> Object:
    """The record's value, which must be an object.

    Raises:
        UserError: It is something else.
    """
    if not isinstance(record.value, dict):
        raise UserError(f"{record.place}: expected {expected}, found {describe(record.value)}.")
    return record.value


def find_field(value: Object, names: Iterable[str], own: str | None = None) -> str | None:
    """The first of the names that an object has a value for; with ``own``, only that is looked up."""
    for name in [own] if own else names:  # called for every span: a generator takes twice as long
        if value.get(name) is not None:
            return name
    return None


def strings(value: Any, place: str, name: str) -> tuple[str, ...]:
    """The value, which must be a list of strings.

    Raises:
        UserError: It is something else.
    """
    if not is_list(value) or not all(issubclass(one, str) for one in set(map(type, value))):
        raise UserError(f"{place}: expected a list of strings as `{name}`, found {describe(value)}.")
    return tuple(value)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a list or tuple, not a string."""
    return isinstance(value, list | tuple) or (isinstance(value, Sequence) and not isinstance(value, str | bytes))


def as_items(value: Any) -> Any:
    """Turn an object of lists, as tables store it, back into a list of objects; other values stay unchanged.

    Example:
        >>> as_items({"start": [0, 4], "end": [3, 9]})
        [{'start': 0, 'end': 3}, {'start': 4, 'end': 9}]
    """
    if not isinstance(value, dict) or not value or not all(is_list(column) for column in value.values()):
        return value
    if len({len(column) for column in value.values()}) > 1:
        return value
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]


def whole_number(value: Any) -> int | None:
    """An integer, which some tools write as text or with ``.0``; None for anything else."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def check_type(entity_type: Any, place: str) -> str:
    """A type, stripped of whitespace.

    Raises:
        UserError: It is not a string, is empty, or contains a line end.
    """
    if not isinstance(entity_type, str) or not entity_type.strip() or len(entity_type.splitlines()) > 1:
        raise UserError(f"{place}: expected the name of an entity type, found {describe(entity_type)}.")
    return entity_type.strip()


def describe(value: Any) -> str:
    """Describe a value for messages."""
    if isinstance(value, dict):
        return f"an object with {', '.join(map(str, value))}" if value else "an empty object"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
