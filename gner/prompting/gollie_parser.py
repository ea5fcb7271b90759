"""Lenient reading of GoLLIE's answers: a scanner for calls of classes, which runs nothing and takes any text."""

from __future__ import annotations

import re
from typing import NamedTuple

from gner.prompting.python_literals import find_literal
from gner.prompting.visible import num_visible

MOST_CHARACTERS = 50_000
"""What a model wrote after these is not read."""

_LIST = re.compile(r"\[(?=\s*(?:[\[\]]|[^\W\d]\w*\s*\(|\Z))")
_TOKEN = re.compile(
    r"""[\[\]]|(?<![\w.])(?P<name>[^\W\d]\w*)\s*\(\s*(?:\w+\s*=\s*)?(?=[rRbBfFuU]{0,2}["'\u2018\u2019\u201c\u201d])"""
)
_CONCATENATION = re.compile(r"\s*\+?\s*")
_ENDED = re.compile(r"\s*(?:[,)\]]|\Z)")
_AFTER = re.compile(r"\s*,?\s*\)?")
# Quotes that Python would not read: of another kind, or with more of them in between. Not into the next entity.
_LOOSE = re.compile(
    r"""["'\u2018\u2019\u201c\u201d](?P<string>(?:(?!=\s?["'])[^\n]){0,200}?)["'\u2018\u2019\u201c\u201d]\s*,?\s*\)"""
)


class WrittenEntity(NamedTuple):
    """An entity as it is written.

    Attributes:
        name: Of a class, which may be any.
        string: Its string.
        start: Of the class in the text.
        end: Of the string in the text, exclusive.
    """

    name: str
    string: str
    start: int
    end: int


class Parsed(NamedTuple):
    """What was read from a text.

    Attributes:
        entities: In the order in which they were written.
        unparsed: Number of characters that belong to no entity, white space, commas and the frame of the
            list aside.
    """

    entities: list[WrittenEntity]
    unparsed: int


def parse_answer(text: str) -> Parsed:
    """Read the first list of a text, closed or not; without a list, all of the text.

    A call of any name counts if a string comes first in it: with a keyword or without, in quotes of any kind, in parts
    that Python would join. Its closing bracket may be missing. What else is written is counted.

    Example:
        >>> parse_answer(' [City(span="Oslo"), City("Ro" "me"), City(').entities[1]
        WrittenEntity(name='City', string='Rome', start=21, end=35)
        >>> parse_answer(' [City(span="Oslo")]\\nresult = [City(span="Rome")]').unparsed
        26
    """
    read = text[:MOST_CHARACTERS]
    start = _LIST.search(read)
    position = start.start() if start else 0
    unparsed = _num_visible(read[:position])
    entities: list[WrittenEntity] = []
    depth = 0
    while token := _TOKEN.search(read, position):
        unparsed += _num_visible(read[position : token.start()])
        position = token.end()
        if token["name"] is None:
            depth += 1 if token.group() == "[" else -1
            if depth <= 0:
                break
        elif entity := _read_entity(read, token):
            entities.append(entity)
            position = _end(_AFTER, read, entity.end)
        else:
            unparsed += _num_visible(token.group())
    return Parsed(entities, unparsed + _num_visible(text[position:]))


def _read_entity(text: str, call: re.Match[str]) -> WrittenEntity | None:
    """The entity whose class and opening bracket are found."""
    strings: list[str] = []
    position = end = call.end()
    while literal := find_literal(text, position):
        try:
            strings.append(literal.value())
        except ValueError:
            strings.append(literal.body)
        end = literal.end
        position = _end(_CONCATENATION, text, end)
    if strings and _ENDED.match(text, end):
        return WrittenEntity(call["name"], "".join(strings), call.start(), end)
    loose = _LOOSE.match(text, call.end())
    return WrittenEntity(call["name"], loose["string"], call.start(), loose.end("string") + 1) if loose else None


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Where a pattern that matches everywhere ends."""
    found = pattern.match(text, position)
    assert found
    return found.end()


def _num_visible(text: str) -> int:
    """Characters that are neither whitespace nor a comma."""
    return num_visible(text.replace(",", ""))
