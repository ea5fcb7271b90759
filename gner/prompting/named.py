"""Formats as users name them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from typing import Any

from jsonargparse import ArgumentError

from gner.errors import UserError, last_line
from gner.option_parser import make_named
from gner.plugins import FORMATS
from gner.prompting.base import Format
from gner.prompting.serialize import find_format

FormatName = str | Mapping[str, Any] | Format
"""A name, a mapping with ``class_path`` and ``init_args`` as in a config or the same in JSON, or a format."""


def make_format(chosen: FormatName) -> Format:
    """Make the format that is named.

    Args:
        chosen: Names are those of classes and of the entry-point group ``gner.formats``, in any case, with or without
            ``Format``: ``uniner``, ``GollieFormat``. A class of one's own is named with its module.

    Raises:
        UserError: There is none of that name, or it has other options.

    Example:
        >>> make_format("gner").context_window, make_format({"class_path": "gner", "init_args": {"context_window": 1}})
        (None, <gner.prompting.gner.GnerFormat object at ...>)
        >>> make_format('{"class_path": "gner", "init_args": {"context_window": 1}}').context_window
        1
        >>> make_format({"class_path": "gner", "init_args": {"window": 1}})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected options of GnerFormat: instruction, dataset_line, ... 'window' is not accepted
    """
    if isinstance(chosen, Format):
        return chosen
    values = _values(chosen)
    name = str(values["class_path"])
    if "." not in name:
        cls = find_format(name)
        values["class_path"] = f"{cls.__module__}.{cls.__qualname__}"
    try:
        made: Format = make_named(FORMATS, Format, values)
    except ArgumentError as error:
        reason = _reason(error)
        if "." in name:
            raise UserError(f"Expected a prompt format, got `{name}`: {reason}") from error
        options = ", ".join(inspect.signature(cls).parameters) or "none"
        raise UserError(f"Expected options of {cls.__name__}: {options}. {reason}") from error
    return made


def _values(chosen: str | Mapping[str, Any]) -> dict[str, Any]:
    """The class path and the options."""
    values: Any = chosen
    if isinstance(chosen, str):
        if not chosen.lstrip().startswith("{"):
            return {"class_path": chosen}
        try:
            values = json.loads(chosen)
        except ValueError as error:
            raise UserError(f"Expected a prompt format as JSON, got {chosen}: {error}") from error
    if not isinstance(values, Mapping) or "class_path" not in values or set(values) - {"class_path", "init_args"}:
        raise UserError(f"Expected the name of a prompt format, or `class_path` and `init_args`, got {chosen!r}.")
    return dict(values)


def _reason(error: ArgumentError) -> str:
    """The cause, and the option that it is about."""
    options = re.findall(r'Parser key "(\w+)"', str(error))
    about = f"`{options[-1]}`: " if options and options[-1] != "chosen" else ""
    return about + last_line(error).strip(" -")
