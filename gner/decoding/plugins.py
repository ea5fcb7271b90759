"""Strategies that packages ship, under the names that they gave them in the entry-point group ``gner.decoding``.

A name that is not the class's own becomes a subclass here, so that whatever knows classes by name knows it too, and a
configuration that was saved with it can be read again.
"""

from __future__ import annotations

import warnings
from importlib.metadata import EntryPoint, entry_points

from gner.decoding.base import DecodingStrategy

GROUP = "gner.decoding"


def load_strategies() -> list[str]:
    """Import the strategies of all installed packages, and give their names.

    One that cannot be used is left out with a warning, so that a broken package does not stand in the way of others.
    """
    return [entry_point.name for entry_point in entry_points(group=GROUP) if _load(entry_point)]


def _load(entry_point: EntryPoint) -> bool:
    try:
        loaded = entry_point.load()
    except Exception as error:
        _warn(entry_point, f"cannot be imported: {type(error).__name__}: {error}")
        return False
    if not (isinstance(loaded, type) and issubclass(loaded, DecodingStrategy)):
        _warn(entry_point, f"is not a subclass of gner.decoding.DecodingStrategy but {loaded!r}.")
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
    warnings.warn(
        f"The decoding strategy `{entry_point.name}` of {package}, {entry_point.value}, {reason}", stacklevel=3
    )
