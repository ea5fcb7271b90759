"""Command lines of option classes: each field of a dataclass is an option, explained by the class's docstring."""

from __future__ import annotations

import dataclasses
import sys
from argparse import HelpFormatter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import docstring_parser
from jsonargparse import ArgumentParser

from gner import __version__
from gner.errors import UserError
from gner.plugins import load_plugins, resolve_name

T = TypeVar("T")


def option(
    default: Any = dataclasses.MISSING,
    *,
    positional: bool = False,
    metavar: str | None = None,
    choices: Iterable[str] | None = None,
) -> Any:
    """A field of an option class that needs more than a name, a type and a default.

    Args:
        default: Its default; without one, the option is required.
        positional: Whether it is given without its name.
        metavar: What stands for the value in the help text; None for the field's name.
        choices: The only values, where no type tells them.
    """
    given = {"metavar": metavar, "choices": None if choices is None else tuple(choices)}
    metadata = {"positional": positional, "given": {name: value for name, value in given.items() if value is not None}}
    return dataclasses.field(default=default, metadata=metadata)


def parse_options(
    options: type[T], arguments: Sequence[str] | None, *, prog: str, description: str, epilog: str | None = None
) -> T:
    """Parse a command line into options.

    ``--input-format`` sets the field ``input_format``. A flag is set by its name alone, and a list takes the values
    that follow its name.

    Args:
        options: A dataclass whose docstring explains each field under ``Attributes``; that of a base class explains
            the fields which are inherited from it.
        arguments: The command line without the command; None for that of the process.
        prog: The command, as it is typed.
        description: What the command does.
        epilog: The end of the help text.

    Raises:
        SystemExit: A value does not fit its field, an option is unknown or missing, or the help text is asked for.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Options:
        ...     '''Options of a command.
        ...
        ...     Attributes:
        ...         files: Files to read.
        ...         max_tokens: Longest text.
        ...     '''
        ...
        ...     files: Sequence[str] = option(positional=True)
        ...     max_tokens: int = 640
        >>> parse_options(Options, ["a", "b", "--max-tokens", "8"], prog="x", description="Reads.")
        Options(files=['a', 'b'], max_tokens=8)
    """
    parser = ArgumentParser(
        prog=prog, description=description, epilog=epilog, version=__version__, formatter_class=HelpFormatter
    )
    help_texts = _help_texts(options)
    hints = get_type_hints(options)
    for field in dataclasses.fields(options):  # type: ignore[arg-type]
        arguments_of_field = _arguments(field, hints[field.name])
        parser.add_argument(_name(field), **arguments_of_field, help=_help_text(field, help_texts[field.name]))
    return options(**parser.parse_args(arguments).as_dict())


def _help_texts(options: type[Any]) -> dict[str, str | None]:
    """The meaning of each field, from the docstrings of the class and its bases."""
    texts: dict[str, str | None] = {}
    for cls in reversed(options.__mro__):
        texts |= {one.arg_name: one.description for one in docstring_parser.parse(cls.__doc__ or "").params}
    return texts


@contextmanager
def errors_end_the_command() -> Iterator[None]:
    """Print an error that the user can mend, without a traceback, and exit with status 2.

    Raises:
        SystemExit: There was such an error.
    """
    try:
        yield
    except (UserError, OSError) as error:
        sys.stderr.write(f"gner: {error}\n")
        sys.exit(2)


def make_named(group: str, base: type, chosen: str | Mapping[str, Any]) -> Any:
    """Make an object of a class that a config names.

    Args:
        group: Entry points of packages' classes, whose names are taken as `gner.plugins.resolve_name` does.
        base: What the class is a subclass of.
        chosen: A name, or ``class_path`` and ``init_args``.

    Raises:
        ArgumentError: There is no such class, or it has other options.
    """
    load_plugins(group, base)
    values = dict(chosen) if isinstance(chosen, Mapping) else {"class_path": chosen}
    values["class_path"] = resolve_name(group, str(values.get("class_path")), base)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--chosen", type=base)
    return parser.instantiate(parser.parse_object({"chosen": values})).chosen


def _name(field: dataclasses.Field[Any]) -> str:
    return field.name if field.metadata.get("positional") else "--" + field.name.replace("_", "-")


def _help_text(field: dataclasses.Field[Any], meaning: str | None) -> str:
    default = field.default
    is_shown = default not in (dataclasses.MISSING, None, "") and default is not False
    shown = f" (default: {default})" if is_shown else ""
    return (meaning or "").removesuffix(".").replace("%", "%%") + shown


def _arguments(field: dataclasses.Field[Any], hint: Any) -> dict[str, Any]:
    """How a field is parsed, in the words of `argparse`."""
    if hint is bool:
        return {"action": "store_true"}
    found = _type(_without_none(hint)) | field.metadata.get("given", {})
    if field.default is not dataclasses.MISSING:
        found["default"] = field.default
        found |= {"nargs": "?"} if field.metadata.get("positional") else {}
    elif not field.metadata.get("positional"):
        found["required"] = True
    return found


def _without_none(hint: Any) -> Any:
    """The type of a value that is given, where None stands for one that is not."""
    parts = [part for part in get_args(hint) if part is not type(None)]
    return parts[0] if get_origin(hint) in (Union, UnionType) and len(parts) == 1 else hint


def _type(hint: Any) -> dict[str, Any]:
    origin = get_origin(hint)
    if origin is Literal:
        return {"type": str, "choices": get_args(hint)}
    if origin in (list, Sequence):
        return {"type": get_args(hint)[0], "nargs": "+"}
    return {"type": hint}
