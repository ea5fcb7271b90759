"""Escapes text and fences code for Markdown."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[\\`*_\[\]<>#|~&]")


def as_text(text: str) -> str:
    """Escape text so that Markdown and HTML show it literally, on one line.

    Example:
        >>> as_text("<b> a|b")
        '&#60;b&#62; a&#124;b'
    """
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.split()))


def fenced(code: str, language: str) -> str:
    """Put code in a fence that nothing in the code can close.

    Example:
        >>> print(fenced("x", "python"))
        ```python
        x
        ```
    """
    longest = max(map(len, re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"
