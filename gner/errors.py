"""The exception for user errors, and one-line summaries of other exceptions."""

from __future__ import annotations


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
