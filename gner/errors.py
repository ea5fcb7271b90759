"""The error for what a user can mend."""

from __future__ import annotations


class UserError(ValueError):
    """Bad input: the message says what was expected, what came, where, and what to change.

    The command line prints it without a traceback.
    """


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its class where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
