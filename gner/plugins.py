"""Classes that packages ship, under the names that they gave them in an entry-point group.

A name that is not the class's own becomes a subclass here, so that whatever knows classes by name knows it too, and a
configuration that was saved with it can be read again.
"""

from __future__ import annotations

import warnings
from importlib.metadata import EntryPoint, entry_points

STRATEGIES = "gner.decoding"
FORMATS = "gner.formats"
READERS = "gner.data"


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
    """The names of a group, by themselves without capital letters, hyphens and underscores.

    Example:
        >>> plugin_names(STRATEGIES)["nucleussampling"]
        'NucleusSampling'
    """
    return {_plain(entry_point.name): entry_point.name for entry_point in entry_points(group=group)}


def resolve_name(group: str, name: str) -> str:
    """The name that is meant: ``beam_search`` or ``beam-search`` for ``BeamSearch``; an unknown one is unchanged.

    Example:
        >>> resolve_name(STRATEGIES, "beam_search"), resolve_name(STRATEGIES, "my_package.MyStrategy")
        ('BeamSearch', 'my_package.MyStrategy')
    """
    return plugin_names(group).get(_plain(name), name)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


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
