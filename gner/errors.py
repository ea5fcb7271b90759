"""The exception for user errors, hints at what was meant, and one-line summaries of other exceptions."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import chain


class UserError(ValueError):
    """Bad input: the message says what was expected, what came, where, and what to change.

    The command line prints it without a traceback.

    Example:
        >>> try:
        ...     raise UserError("Expected `lr` > 0, got 0. Set model.optimization.lr.")
        ... except ValueError as error:  # as which it can be caught
        ...     print(error)
        Expected `lr` > 0, got 0. Set model.optimization.lr.
    """


def close_names(name: str, known: Iterable[str], most: int = 1) -> list[str]:
    """The known names that are most like one, which may differ in case.

    Example:
        >>> close_names("per", ["PERIOD", "PER", "person"], most=2), close_names("per", ["LOC"])
        (['PER', 'person'], [])
    """
    by_key: dict[str, list[str]] = {}
    for one in known:
        by_key.setdefault(one.casefold(), []).append(one)
    keys = difflib.get_close_matches(name.casefold(), by_key, n=most)  # those that differ only in case come first
    return list(chain.from_iterable(by_key[key] for key in keys))[:most]


def did_you_mean(name: str, known: Iterable[str], most: int = 1) -> str:
    """A question, after a blank, to follow the name that is unknown; empty if no known name is like it.

    Example:
        >>> did_you_mean("Conll", ["gner", "conll"]), did_you_mean("xml", ["gner", "conll"])
        (' Did you mean `conll`?', '')
    """
    close = close_names(name, known, most)
    return f" Did you mean {' or '.join(f'`{one}`' for one in close)}?" if close else ""


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its class name if the message is empty.

    Example:
        >>> first_line(ValueError("\\nexpected this\\nand that")), first_line(KeyError())
        ('expected this', 'KeyError')
    """
    return _lines(error)[0]


def last_line(error: BaseException) -> str:
    """The last line of an error's message, which names the cause in long ones, or its class name.

    Example:
        >>> last_line(RuntimeError("while loading\\nout of memory"))
        'out of memory'
    """
    return _lines(error)[-1]


def _lines(error: BaseException) -> list[str]:
    lines = [line.strip() for line in str(error).splitlines()]
    return [line for line in lines if line] or [type(error).__name__]
