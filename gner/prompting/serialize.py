"""Formats as plain values, for files that travel with a model or with what it wrote."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from gner.errors import UserError
from gner.plugins import FORMATS, find_plugin
from gner.prompting.base import Format
from gner.prompting.gner import GnerFormat
from gner.prompting.gollie import GollieFormat

_SHIPPED: dict[str, type[Format]] = {cls.__name__: cls for cls in (GnerFormat, GollieFormat)}


def to_config(format: Format) -> dict[str, Any]:
    """The class of a format, by name, and its options, all of which are attributes of the same names.

    Example:
        >>> to_config(GnerFormat(None, context_window=1))["init_args"]["context_window"]
        1
    """
    options = inspect.signature(type(format)).parameters
    return {"class_path": type(format).__name__, "init_args": {name: getattr(format, name) for name in options}}


def to_short_config(format: Format) -> dict[str, Any]:
    """The same without options that have their defaults.

    Example:
        >>> to_short_config(GnerFormat(context_window=1))
        {'class_path': 'GnerFormat', 'init_args': {'context_window': 1}}
    """
    config = to_config(format)
    options = inspect.signature(type(format)).parameters
    changed = {name: value for name, value in config["init_args"].items() if value != options[name].default}
    return config | {"init_args": changed}


def from_config(config: Mapping[str, Any], source: str) -> Format:
    """Make a format from what `to_config` gave, or from ``model.format`` of a run.

    Args:
        config: ``class_path`` and ``init_args``. Only formats of this package, and those that installed packages
            declare as entry points, are made: a file that travels with weights must not choose what code runs.
        source: Where it is from, for messages.

    Raises:
        UserError: The format is another one, or has other options.

    Example:
        >>> from_config({"class_path": "GnerFormat", "init_args": {"gap_marker": "..."}}, "gner_config.json").gap_marker
        '...'
        >>> from_config({"class_path": "os.system"}, "gner_config.json")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: gner_config.json: the format `os.system` does not come with gner, and a model may not...
    """
    name = str(config["class_path"]).rpartition(".")[2]
    cls: type[Format] | None = _SHIPPED.get(name) or find_plugin(FORMATS, name, Format)
    if cls is None:
        raise UserError(
            f"{source}: the format `{config['class_path']}` does not come with gner, and a model may not choose what "
            f"code is run. Install the package that declares it in the entry-point group `{FORMATS}`, or make the "
            "format yourself and give it as `format`."
        )
    try:
        return cls(**config.get("init_args") or {})
    except TypeError as error:
        raise UserError(f"{source}: {error}. The file is from another version of gner.") from error
