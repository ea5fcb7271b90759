"""How much of a text was not read."""

from __future__ import annotations


def num_visible(text: str) -> int:
    """Number of characters that are not whitespace.

    Example:
        >>> num_visible(" a b")
        2
    """
    return len("".join(text.split()))
