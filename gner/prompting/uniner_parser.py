"""Parsers of a list of strings that a model wrote: one that reads what it can, and the released scorer's.

Nothing is ever executed, no text raises, and the time is linear in the length of the text.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from gner.prompting.visible import num_visible

ASSISTANT = "ASSISTANT:"
"""What comes before an answer in a conversation."""

_OFFICIAL_LIST = re.compile(r"\[.*?\]")
_SPACE_OR_COMMA = re.compile(r"[\s,]*")
_QUOTE_OR_ESCAPE = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in "\"'"}
_AFTER_STRING = re.compile(r"\s*(?:[,\]]|\Z)|\s+[\"']")
_PART_OF_ITEM = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)  # finds no string without an end twice
_ESCAPE = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)|\\x([0-9a-fA-F]{2})|\\([\"'\\/bfnrt])")
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class WrittenString(NamedTuple):
    """A string in a list, and where it is in the text.

    Attributes:
        string: With escapes decoded.
        start: Its first character, after the quote.
        end: Exclusive.
    """

    string: str
    start: int
    end: int


class ParsedList(NamedTuple):
    """What was read from a text.

    Attributes:
        strings: In the order in which they were written, repeats included.
        unparsed: Number of characters that belong to no string and not to the frame of a list, whitespace aside.
    """

    strings: list[WrittenString]
    unparsed: int


class OfficialList(NamedTuple):
    """What the released scorer reads from a text.

    Attributes:
        strings: In the order in which they were written, repeats included.
        unparsed: Number of characters behind a repetition of the prompt that it does not read, whitespace aside.
    """

    strings: list[str]
    unparsed: int


def parse_list(text: str) -> ParsedList:
    """Read the strings of the list that a text has.

    What JSON accepts is read as JSON reads it. In any other text:

    * of a list that is not closed, the strings that are complete count;
    * strings may be in single quotes, have line breaks and brackets inside, and quotes that are not escaped: a quote
      ends a string where a comma, the end of the list or of the text, or another string follows;
    * other items, such as numbers, words without quotes and lists in the list, are left out;
    * text before and after the list is left out; a repetition of the prompt, up to ``ASSISTANT:``, is not even counted.

    Args:
        text: Any text.

    Example:
        >>> [one.string for one in parse_list("['Ada', 'O'Brien', 7, 'Bob").strings]
        ['Ada', "O'Brien"]
        >>> text = '["Zo\\\\u00eb"] are named.'
        >>> parse_list(text)
        ParsedList(strings=[WrittenString(string='Zoë', start=2, end=10)], unparsed=9)
    """
    after_prompt = _end_of_prompt(text)
    position = text.find("[", after_prompt)
    if position < 0:
        return ParsedList([], num_visible(text))
    unparsed = num_visible(text[after_prompt:position])
    strings: list[WrittenString] = []
    position = _next_item(text, position + 1)
    while position < len(text) and text[position] != "]":
        if text[position] in _QUOTE_OR_ESCAPE:
            end = _closing_quote(text, position)
            if end is None:
                break
            strings.append(WrittenString(_decode(text[position + 1 : end]), position + 1, end))
            end += 1
        else:
            end = _end_of_item(text, position)
            unparsed += num_visible(text[position:end])
        position = _next_item(text, end)
    return ParsedList(strings, unparsed + num_visible(text[position:].removeprefix("]")))


def parse_official(text: str) -> OfficialList:
    """Read a text as the released scorer does, before it normalizes the strings.

    What follows the last ``ASSISTANT:`` must start with a list of nothing but strings in correct JSON on one line, up
    to the first closing bracket; otherwise there is nothing.

    Example:
        >>> parse_official('ASSISTANT: ["Ada", "Bob"] and "Eve"').strings
        ['Ada', 'Bob']
        >>> parse_official('["Ada [sic]", "Bob"]'), parse_official('["Ada", 7]')
        (OfficialList(strings=[], unparsed=18), OfficialList(strings=[], unparsed=9))
    """
    answer = text.rpartition(ASSISTANT)[2].strip()
    found = _OFFICIAL_LIST.match(answer)
    strings = _json_strings(found.group()) if found else None
    if found is None or strings is None:
        return OfficialList([], num_visible(answer))
    return OfficialList(strings, num_visible(answer[found.end() :]))


def _end_of_prompt(text: str) -> int:
    """Where the answer starts in a text that repeats the prompt; 0 for others."""
    if text.lstrip().startswith("["):  # what follows the list may look like another question
        return 0
    found = text.rfind(ASSISTANT, 0, max(0, text.rfind("[")))
    return 0 if found < 0 else found + len(ASSISTANT)


def _next_item(text: str, position: int) -> int:
    """The first character at or after ``position`` that is neither whitespace nor a comma."""
    found = _SPACE_OR_COMMA.match(text, position)
    assert found is not None  # it may be empty
    return found.end()


def _closing_quote(text: str, opening: int) -> int | None:
    """Where the string ends whose quote is at ``opening``; None if it does not."""
    quote = text[opening]
    for found in _QUOTE_OR_ESCAPE[quote].finditer(text, opening + 1):
        if found.group() == quote and _AFTER_STRING.match(text, found.end()):
            return found.start()
    return None


def _end_of_item(text: str, start: int) -> int:
    """Where an item ends that is not a string: at a comma or closing bracket of this list, or with the text."""
    depth = 0
    for found in _PART_OF_ITEM.finditer(text, start):
        part = found.group()
        if part in "[{":
            depth += 1
        elif depth and part in "]}":
            depth -= 1
        elif not depth and part in ",]":
            return found.start()
    return len(text)


def _decode(written: str) -> str:
    """Replace escapes of JSON and Python by what they stand for; unknown ones stay as they are."""
    return _ESCAPE.sub(_unescape, written)


def _unescape(found: re.Match[str]) -> str:
    of_json, of_python, character = found.groups()
    if of_json:  # several at once, as a character beyond U+FFFF is written as two halves
        return str(json.loads(f'"{of_json}"'))
    if of_python:
        return chr(int(of_python, 16))
    return _CONTROLS.get(character, character)


def _json_strings(text: str) -> list[str] | None:
    """The strings of a list in JSON; None for any other text."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return items if all(isinstance(item, str) for item in items) else None
