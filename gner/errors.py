"""The error for what a user can mend."""

from __future__ import annotations


class UserError(ValueError):
    """Bad input: the message says what was expected, what came, where, and what to change.

    The command line prints it without a traceback.
    """
