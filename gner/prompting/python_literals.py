"""Python's string literals: written as black writes them, and read without running anything."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import NamedTuple

_START = re.compile(r"((?<!\w)(?:[rR][bBfF]?|[bBfF][rR]?|[uU]))?(\"\"\"|'''|\"|')")
_REST = {
    '"': re.compile(r'([^"\\\n]*(?:\\.[^"\\\n]*)*)"', re.DOTALL),
    "'": re.compile(r"([^'\\\n]*(?:\\.[^'\\\n]*)*)'", re.DOTALL),
    '"""': re.compile(r'([^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*)"""', re.DOTALL),
    "'''": re.compile(r"([^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*)'''", re.DOTALL),
}
_ESCAPE = re.compile(r"\\(\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^{}\n]+\}|.)", re.DOTALL)
_ONE_CHARACTER = {
    **{"\n": "", "\\": "\\", "'": "'", '"': '"'},
    **{"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
}


def escape(string: str, quote: str) -> str:
    """A string as it is written between quotes, character by character.

    Example:
        >>> print(escape('The "Boss"\\n', '"'), escape('The "Boss"\\n', "'"))
        The \\"Boss\\"\\n The "Boss"\\n
    """
    written = string.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    if string.isprintable():
        return written
    return "".join([one if one.isprintable() else repr(one)[1:-1] for one in written])


def write_literal(string: str) -> str:
    """The literal that black 23.9.1 makes of the string's ``repr``.

    Double quotes, unless they need more backslashes than single ones.

    Example:
        >>> print(write_literal("Ada's"), write_literal('"Ada"'), write_literal('"It\\'s Ada\\'s"'))
        "Ada's" '"Ada"' "\\"It's Ada's\\""
    """
    quote = '"' if string.count('"') <= string.count("'") else "'"
    return f"{quote}{escape(string, quote)}{quote}"


class WrittenLiteral(NamedTuple):
    """A literal found in a text.

    Attributes:
        prefix: Such as ``r``, in lower case; mostly empty.
        body: What is written between the quotes.
        end: Of the literal in the text, exclusive.

    Example:
        >>> find_literal(r"x = rb'\\d'", 4)
        WrittenLiteral(prefix='rb', body='\\\\d', end=10)
    """

    prefix: str
    body: str
    end: int

    def value(self) -> str:
        """The string that the literal stands for, of bytes that which the same text would be.

        Raises:
            ValueError: Python would not read it.

        Example:
            >>> find_literal(r"'Ad\\x61'", 0).value()
            'Ada'
        """
        return self.body if "r" in self.prefix else _ESCAPE.sub(_unescaped, self.body)


def find_literal(text: str, position: int) -> WrittenLiteral | None:
    """The literal that starts at a position; None if none does, or it does not end.

    Example:
        >>> find_literal("'Ada', 'Bob", 0).body, find_literal("'Ada', 'Bob", 7)
        ('Ada', None)
    """
    start = _START.match(text, position)
    rest = _REST[start.group(2)].match(text, start.end()) if start else None
    if start is None or rest is None:
        return None
    return WrittenLiteral((start.group(1) or "").lower(), rest.group(1), rest.end())


def _unescaped(found: re.Match[str]) -> str:
    code = found.group(1)
    if code in _ONE_CHARACTER:
        return _ONE_CHARACTER[code]
    if code[0] in "01234567":
        return chr(int(code, 8))
    if code[0] not in "xuUN":
        return found.group()  # Python warns and leaves it
    if len(code) == 1:
        raise ValueError(f"Expected the number or the name of a character after `{found.group()}`.")
    if code[0] == "N":
        return _named(code[2:-1])
    number = int(code[1:], 16)
    if number > sys.maxunicode:
        raise ValueError(f"Expected a character, got the number {number}.")
    return chr(number)


def _named(name: str) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError as error:
        raise ValueError(f"Expected the name of a character, got `{name}`.") from error
