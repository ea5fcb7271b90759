"""Formats as plain values, for files that travel with a model or with what it wrote."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from gner.errors import UserError, did_you_mean
from gner.plugins import FORMATS, find_plugin, plain_name, plugin_names, resolve_name
from gner.prompting.base import Format
from gner.prompting.gner import GnerFormat
from gner.prompting.gollie import GollieFormat
from gner.prompting.instruct_uie import InstructUieFormat
from gner.prompting.uniner import UniNerFormat

_CLASSES: tuple[type[Format], ...] = (
    GnerFormat,
    UniNerFormat,
    InstructUieFormat,
    GollieFormat,
)
_SHIPPED = {cls.__name__: cls for cls in _CLASSES}


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
    cls = _known(str(config["class_path"]).rpartition(".")[2])
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


def find_format(name: str) -> type[Format]:
    """The format of a name: that of a class or of an entry point, in any case and with or without ``Format``.

    Raises:
        UserError: There is none of that name.

    Example:
        >>> find_format("gner"), find_format("GNER-format")
        (<class 'gner.prompting.gner.GnerFormat'>, <class 'gner.prompting.gner.GnerFormat'>)
        >>> find_format("gnre")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected the name of a prompt format, got `gnre`. Did you mean `gner`? There are: ...
    """
    cls = _known(name)
    if cls is None:
        names = sorted({*_SHIPPED, *plugin_names(FORMATS).values()})
        hint = did_you_mean(name, dict.fromkeys([*(plain_name(FORMATS, each) for each in names), *names]))
        raise UserError(f"Expected the name of a prompt format, got `{name}`.{hint} There are: {', '.join(names)}.")
    return cls


def _known(name: str) -> type[Format] | None:
    """The format of exactly this name or else of one like it, ours before those of packages."""
    shipped = {plain_name(FORMATS, each): cls for each, cls in _SHIPPED.items()}
    exact: type[Format] | None = _SHIPPED.get(name) or find_plugin(FORMATS, name, Format)
    alike: type[Format] | None = shipped.get(plain_name(FORMATS, name))
    return exact or alike or find_plugin(FORMATS, resolve_name(FORMATS, name), Format)
