"""The error for what a user can mend."""

from __future__ import annotations


class UserError(ValueError):
    """Bad input: the message says what was expected, what came, where, and what to change.

    The command line prints it without a traceback.
    """


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its class where it says nothing."""
    return _lines(error)[0]


def last_line(error: BaseException) -> str:
    """The last line of what an error says, which names the cause where libraries tell a story, or its class."""
    return _lines(error)[-1]


def _lines(error: BaseException) -> list[str]:
    lines = [line.strip() for line in str(error).splitlines()]
    return [line for line in lines if line] or [type(error).__name__]
