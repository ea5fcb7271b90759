"""Classes that packages ship, under the names that they gave them in an entry-point group.

A name that is not the class's own becomes a subclass here, so that whatever knows classes by name knows it too, and a
configuration that was saved with it can be read again.
"""

from __future__ import annotations

import inspect
import warnings
from importlib.metadata import EntryPoint, entry_points

STRATEGIES = "gner.decoding"
FORMATS = "gner.formats"
READERS = "gner.data"
ALIGNERS = "gner.aligners"
_HIDDEN = ("LazyInstance_", "_")
"""Beginnings of names of classes that nobody should choose: jsonargparse's lazy defaults, and private ones."""
_ENDS = {FORMATS: "format"}
"""What may be left out at the end of a name of a group."""


def load_plugins(group: str, base: type) -> list[str]:
    """Import the classes that all installed packages declare in a group, and return their names.

    One that cannot be used is left out with a warning, so that a broken package does not block the others.

    Args:
        group: Of entry points: `STRATEGIES` or `FORMATS`.
        base: What they must be a subclass of.

    Example:
        >>> from gner.decoding import DecodingStrategy
        >>> "Speculative" in load_plugins(STRATEGIES, DecodingStrategy)
        True
    """
    return [entry_point.name for entry_point in entry_points(group=group) if _load(entry_point, base)]


def find_plugin(group: str, class_name: str, base: type) -> type | None:
    """The class of this name that an installed package declares, under whatever name, or None.

    Example:
        >>> from gner.decoding import DecodingStrategy
        >>> find_plugin(STRATEGIES, "Greedy", DecodingStrategy), find_plugin(STRATEGIES, "Beam", DecodingStrategy)
        (<class 'gner.decoding.greedy.Greedy'>, None)
    """
    for entry_point in entry_points(group=group):
        if class_name in (entry_point.name, entry_point.value.rpartition(":")[2]):
            loaded = entry_point.load()
            return loaded if isinstance(loaded, type) and issubclass(loaded, base) else None
    return None


def plugin_classes(group: str, base: type) -> dict[str, type]:
    """The classes of a group by their names in it; one that cannot be used is left out with a warning.

    Args:
        group: Of entry points.
        base: What they must be a subclass of.
    """
    loaded = {entry_point.name: _import(entry_point, base) for entry_point in entry_points(group=group)}
    return {name: cls for name, cls in loaded.items() if cls is not None}


def plugin_names(group: str) -> dict[str, str]:
    """The names of a group, each by its `plain_name`.

    Example:
        >>> plugin_names(STRATEGIES)["nucleussampling"]
        'NucleusSampling'
    """
    return {plain_name(group, entry_point.name): entry_point.name for entry_point in entry_points(group=group)}


def plain_name(group: str, name: str) -> str:
    """A name as it is compared: without capital letters, hyphens, underscores and, of a format, ``Format``.

    Example:
        >>> plain_name(FORMATS, "UniNerFormat"), plain_name(FORMATS, "uni-ner"), plain_name(STRATEGIES, "beam_search")
        ('uniner', 'uniner', 'beamsearch')
    """
    plain = name.replace("_", "").replace("-", "").lower()
    return plain.removesuffix(_ENDS.get(group, "")) or plain


def resolve_name(group: str, name: str, base: type | None = None) -> str:
    """The name that is meant: ``beam_search`` or ``beam-search`` for ``BeamSearch``; an unknown one is unchanged.

    Args:
        group: Of entry points.
        name: As a user writes it.
        base: Names of its `subclasses` are known too.

    Example:
        >>> resolve_name(STRATEGIES, "beam_search"), resolve_name(STRATEGIES, "my_package.MyStrategy")
        ('BeamSearch', 'my_package.MyStrategy')
    """
    declared = plugin_names(group)
    if name in declared.values():
        return name
    imported = {plain_name(group, cls.__name__): cls.__name__ for cls in subclasses(base)} if base is not None else {}
    return (imported | declared).get(plain_name(group, name), name)


def subclasses(base: type) -> list[type]:
    """All concrete public subclasses of a class that were imported.

    Example:
        >>> from gner.decoding import DecodingStrategy
        >>> {"Greedy", "BeamSearch"} <= {cls.__name__ for cls in subclasses(DecodingStrategy)}
        True
    """
    found: list[type] = []
    children: list[type] = base.__subclasses__()
    for child in children:
        found += [child, *subclasses(child)]
    return [cls for cls in found if not inspect.isabstract(cls) and not cls.__name__.startswith(_HIDDEN)]


def _import(entry_point: EntryPoint, base: type) -> type | None:
    try:
        loaded = entry_point.load()
    except Exception as error:
        _warn(entry_point, f"cannot be imported: {type(error).__name__}: {error}")
        return None
    if not (isinstance(loaded, type) and issubclass(loaded, base)):
        _warn(entry_point, f"is not a subclass of {base.__name__} but {loaded!r}.")
        return None
    return loaded


def _load(entry_point: EntryPoint, base: type) -> bool:
    loaded = _import(entry_point, base)
    if loaded is None:
        return False
    name = entry_point.name
    if not name.isidentifier():
        _warn(entry_point, "needs a name of letters, digits and underscores.")
        return False
    if name == loaded.__name__:
        return True
    known = globals().get(name)
    if known is None:
        globals()[name] = type(name, (loaded,), {"__module__": __name__, "__doc__": loaded.__doc__})
    elif not (isinstance(known, type) and known.__bases__ == (loaded,)):
        _warn(entry_point, "has a name that is taken. Its class path still works.")
        return False
    return True


def _warn(entry_point: EntryPoint, reason: str) -> None:
    package = entry_point.dist.name if entry_point.dist else "a package"
    warnings.warn(f"The class `{entry_point.name}` of {package}, {entry_point.value}, {reason}", stacklevel=3)
