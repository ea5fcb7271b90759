"""Parser of InstructUIE's answers: `` person: Ada; place: London``, or `` None``.

Nothing is escaped, so a name that has ``;`` looks like two items. The lenient parser tells them apart by the sentence,
the official one splits at every ``;``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from gner.alignment.strings import find_string, join_words
from gner.prompting.instruct_uie_scorer import NOTHING, normalise_item
from gner.prompting.listed import ListedEntity
from gner.records import TextRange

_MOST_JOINED = 8  # parts of one name; a name with more than one `;` is rare, and each part more takes time
_SEPARATOR = re.compile(r"[;\n]")


class ParsedList(NamedTuple):
    """What was read from an answer.

    Attributes:
        entities: In the order in which they were written.
        unknown_types: Items with a type that is not offered.
        unparsed: Characters of text that is no item: without a colon, or without a string after it.
    """

    entities: list[ListedEntity]
    unknown_types: int
    unparsed: int


class _Part(NamedTuple):
    """Text between two separators.

    Attributes:
        start: Its first character.
        end: Exclusive.
        type: The offered type, followed by a colon, that it starts with; None if there is none.
        content: Where the string of that type starts.
    """

    start: int
    end: int
    type: str | None
    content: int


class _TypeFinder:
    """Finds offered types at the start of items, as they are written or else without regard to case."""

    def __init__(self, types: Sequence[str]) -> None:
        self._types = sorted(types, key=len, reverse=True)  # one may be the start of another
        pattern = "|".join(f"({re.escape(entity_type)})" for entity_type in self._types) or "(?!)"
        self._pattern = re.compile(rf"[^\S\n]*(?:{pattern})[^\S\n]*:", re.IGNORECASE)

    def find(self, text: str, position: int) -> tuple[str | None, int]:
        """The type that is written there, and where its string starts."""
        found = self._pattern.match(text, position)
        if found is None or found.lastindex is None:
            return None, position
        written = found.group(found.lastindex)
        return written if written in self._types else self._types[found.lastindex - 1], found.end()


class _Sentence:
    """What names are looked up in."""

    def __init__(self, words: Sequence[str]) -> None:
        self._text, self._words = join_words(words)
        self._starts = {word.start for word in self._words}
        self._ends = {word.end for word in self._words}
        self.most_parts = min(_MOST_JOINED, 1 + self._text.count(";"))  # of a name

    def fit(self, string: str) -> int:
        """How well a string matches: 2 on word boundaries, 1 within words as `place_strings` finds it, 0 not at all."""
        found = find_string(self._text, self._words, string) if len(string) <= len(self._text) else []
        if not found:
            return 0
        start, end = found[0]
        return 2 if start in self._starts and end in self._ends else 1


_type_finder = lru_cache(maxsize=256)(_TypeFinder)


def parse_list(text: str, words: Sequence[str], types: Sequence[str]) -> ParsedList:
    """Read an answer leniently; whatever the text is, this does not fail.

    An item starts with an offered type and a colon, at the start, after ``;`` or on a new line. Its string ends at the
    next ``;``, or at a later one if the string up to there occurs in the sentence.

    Args:
        text: What was written.
        words: Of the sentence.
        types: That are offered.

    Example:
        >>> words = ("Rock", ";", "Roll", "met", "Ada")
        >>> parsed = parse_list("band: Rock ; Roll; PERSON: Ada; date: today; per", words, ("person", "band"))
        >>> [(entity.type, entity.string) for entity in parsed.entities], parsed.unknown_types, parsed.unparsed
        ([('band', 'Rock ; Roll'), ('person', 'Ada')], 1, 3)
        >>> parsed.entities[1].place
        TextRange(text=0, start=19, end=30)
    """
    parts, sentence = _split(text, _type_finder(tuple(types))), _Sentence(words)
    entities: list[ListedEntity] = []
    unknown_types = unparsed = next_part = 0
    for position, part in enumerate(parts):
        if position < next_part:
            continue  # it belongs to the name before
        last = position if part.type is None else _last_part(text, parts, position, sentence)
        string = text[part.content : parts[last].end].strip()
        written = text[part.start : parts[last].end].strip()
        if part.type is not None and string:
            start = text.index(written, part.start)
            entities.append(ListedEntity(string, part.type, TextRange(0, start, start + len(written))))
            next_part = last + 1
        elif part.type is None and written.find(":") > 0:
            unknown_types += 1
        elif written.lower() not in NOTHING:
            unparsed += len(written)
    return ParsedList(entities, unknown_types, unparsed)


def _split(text: str, types: _TypeFinder) -> list[_Part]:
    parts: list[_Part] = []
    position = 0
    while position <= len(text):
        entity_type, content = types.find(text, position)
        separator = _SEPARATOR.search(text, content)
        end = separator.start() if separator is not None else len(text)
        parts.append(_Part(position, end, entity_type, content))
        position = end + 1
    return parts


def _last_part(text: str, parts: Sequence[_Part], first: int, sentence: _Sentence) -> int:
    """The last part of an item's string: the one up to which the string best matches the sentence.

    A match on word boundaries is better than one within words. Of equal ones the longest before the next typed item is
    taken, or else the shortest that extends beyond it; without a match, the first part alone.
    """
    if sentence.most_parts == 1:
        return first
    best, best_rank = first, (0, True, 0)
    is_same_item = True
    for last, part in enumerate(parts[first : first + sentence.most_parts], start=first):
        is_same_item = is_same_item and (last == first or part.type is None)
        fit = sentence.fit(text[parts[first].content : part.end].strip())
        rank = (fit, is_same_item, last if is_same_item else -last)
        if fit and rank > best_rank:
            best, best_rank = last, rank
    return best


def parse_official(text: str, types: Sequence[str]) -> ParsedList:
    """Read an answer as the published scorer does: every ``;`` ends an item, and types are compared as it compares.

    Example:
        >>> parsed = parse_official("band: Rock ; Roll; Person : Ada", ("person", "band"))
        >>> [(entity.type, entity.string) for entity in parsed.entities], parsed.unparsed
        ([('band', 'Rock'), ('person', 'Ada')], 4)
    """
    known = {normalise_item(entity_type): entity_type for entity_type in reversed(types)}
    entities: list[ListedEntity] = []
    unknown_types = unparsed = start = 0
    for part in text.split(";"):
        written_type, colon, string = part.partition(":")
        entity_type = known.get(normalise_item(written_type))
        if entity_type is not None and string.strip():
            place = TextRange(0, start, start + len(part))
            entities.append(ListedEntity(string.strip(), entity_type, place))
        elif colon and written_type.strip() and entity_type is None:
            unknown_types += 1
        elif normalise_item(part) not in NOTHING:
            unparsed += len(part.strip())
        start += len(part) + 1
    return ParsedList(entities, unknown_types, unparsed)
