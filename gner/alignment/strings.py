"""Put strings back on the words of a sentence, for file formats and prompt formats that name entities by their text.

Two rules, which lose little where gold strings are put back (strict F1 of 99.8 to 100 on CrossNER and MIT): every
occurrence of a string is an entity; or, where strings come in reading order, each is at the next place.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from gner.bio import to_tags
from gner.records import AlignmentReport, Entity, Prediction
from gner.words import Word

Rule = Literal["every occurrence", "next place"]
_ODD_SPACE = re.compile(r"\s{2}|[^\S ]")


class Placed(NamedTuple):
    """Strings as entities.

    Attributes:
        entities: In reading order, without overlap.
        num_unplaced: Strings that occur nowhere; with ``next place``, also those that have no free place left.
        origins: For each entity, which of the strings it is from; the first of equal ones.

    Example:
        >>> placed = place_strings(["New", "York"], [("York", "city"), ("New York", "club")], "every occurrence")
        >>> placed.entities, placed.num_unplaced
        ([Entity(start=0, end=2, type='club', score=None)], 0)
    """

    entities: list[Entity]
    num_unplaced: int
    origins: list[int]

    def prediction(self, num_words: int) -> Prediction:
        """Tags for the W words of the sentence; the report counts what was not placed.

        Example:
            >>> placed = place_strings(["in", "New", "York"], [("New York", "city"), ("Rome", "city")], "next place")
            >>> prediction = placed.prediction(3)
            >>> prediction.tags, prediction.report.unplaced
            (('O', 'B-city', 'I-city'), 1)
        """
        tags = tuple(to_tags(self.entities, num_words))
        return Prediction(tags, tuple(self.entities), AlignmentReport(unplaced=self.num_unplaced))


def place_strings(words: Sequence[str], strings: Sequence[tuple[str, str]], rule: Rule) -> Placed:
    """Find the entities that strings stand for.

    Args:
        words: W source words.
        strings: Pairs of a string and its type, in the order in which they were written.
        rule: ``every occurrence``: each string is an entity wherever it occurs, however often it was written; where
            entities overlap, the longest is kept, then the earliest. ``next place``: each string is one entity, at its
            first free place after the one before, or else at its first free place.

    Example:
        >>> words = ["Ada", "met", "Ada", "in", "New", "York"]
        >>> place_strings(words, [("Ada", "person"), ("Paris", "place")], "every occurrence").num_unplaced
        1
        >>> place_strings(words, [("ada", "person"), ("New York", "place")], "next place").entities
        [Entity(start=0, end=1, type='person', score=None), Entity(start=4, end=6, type='place', score=None)]
    """
    text, placed_words = join_words(words)
    places = {string: word_spans(text, placed_words, string) for string, _ in strings}
    if rule == "every occurrence":
        return _every_occurrence(strings, places)
    return _in_order(strings, places)


def word_spans(text: str, words: Sequence[Word], string: str) -> list[tuple[int, int]]:
    """The words, as half-open ranges, of all occurrences of a string; see `find_string`.

    Example:
        >>> word_spans(*join_words(("New", "York", "or", "York")), "York")
        [(1, 2), (3, 4)]
    """
    return [covered_words(words, start, end) for start, end in find_string(text, words, string)]


def _every_occurrence(strings: Sequence[tuple[str, str]], places: dict[str, list[tuple[int, int]]]) -> Placed:
    candidates: dict[Entity, int] = {}
    for origin, (string, entity_type) in enumerate(strings):
        for start, end in places[string]:
            candidates.setdefault(Entity(start, end, entity_type), origin)
    kept = [(entity, candidates[entity]) for entity, longer in longest_first(candidates) if longer is None]
    return _placed(kept, sum(not places[string] for string, _ in strings))


def _placed(kept: list[tuple[Entity, int]], num_unplaced: int) -> Placed:
    """Entities, each with the string that it is from, in reading order."""
    kept = sorted(kept, key=lambda pair: pair[0].start)
    return Placed([entity for entity, _ in kept], num_unplaced, [origin for _, origin in kept])


def longest_first(entities: Iterable[Entity]) -> Iterator[tuple[Entity, Entity | None]]:
    """Entities from the longest to the shortest, the earlier of equal ones first, as overlaps are resolved.

    Yields:
        An entity, and the one that it overlaps among those that are kept; None for one that is kept itself.

    Example:
        >>> [longer for _, longer in longest_first([Entity(0, 1, "city"), Entity(0, 2, "club")])]
        [None, Entity(start=0, end=2, type='club', score=None)]
    """
    owners: dict[int, Entity] = {}  # of each word
    for entity in sorted(entities, key=lambda one: (one.start - one.end, one.start)):
        words = range(entity.start, entity.end)
        owner = next((owners[word] for word in words if word in owners), None)
        if owner is None:
            owners.update(dict.fromkeys(words, entity))
        yield entity, owner


def _in_order(strings: Sequence[tuple[str, str]], places: dict[str, list[tuple[int, int]]]) -> Placed:
    taken: set[int] = set()
    kept: list[tuple[Entity, int]] = []
    num_unplaced = position = 0
    for origin, (string, entity_type) in enumerate(strings):
        place = next_place([place for place in places[string] if taken.isdisjoint(range(*place))], position)
        if place is None:
            num_unplaced += 1
            continue
        start, position = place
        taken.update(range(start, position))
        kept.append((Entity(start, position, entity_type), origin))
    return _placed(kept, num_unplaced)


def next_place(free: Sequence[tuple[int, int]], position: int) -> tuple[int, int] | None:
    """The place that a string takes: the first one at or after a position, or else the first one; None without any.

    Args:
        free: The places that it may take, in reading order.
        position: The word after the entity before.

    Example:
        >>> next_place([(0, 1), (4, 5)], 2), next_place([(0, 1)], 2), next_place([], 2)
        ((4, 5), (0, 1), None)
    """
    return next((place for place in free if place[0] >= position), free[0] if free else None)


def find_string(text: str, words: Sequence[Word], string: str) -> list[tuple[int, int]]:
    """All occurrences of a string in a text, as half-open ranges of characters.

    The first of these that finds something: occurrences that start and end where words do; occurrences that are not
    within a run of letters and digits; the same two without regard to case. Whitespace in the string is any whitespace.
    Of occurrences that overlap, the earlier is taken.

    Example:
        >>> from gner.words import WordSplitter
        >>> text = "Ann met Anna, and ann."
        >>> find_string(text, WordSplitter()(text), "Ann"), find_string(text, WordSplitter()(text), "ANNA")
        ([(0, 3)], [(8, 12)])
    """
    parts = string.split()
    if not parts:
        return []
    starts = {word.start for word in words}
    ends = {word.end for word in words}
    for flags in (0, re.IGNORECASE):
        found = list(_occurrences(text, parts, flags))
        aligned = [(start, end) for start, end in found if start in starts and end in ends]
        apart = aligned or [place for place in found if _is_apart(text, *place)]
        if apart:
            return _disjoint(apart)
    return []


def _disjoint(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for place in places:
        if not kept or place[0] >= kept[-1][1]:
            kept.append(place)
    return kept


def _occurrences(text: str, parts: list[str], flags: int) -> Iterator[tuple[int, int]]:
    """All of them, also those that overlap: one that starts within a word may hide one that does not."""
    if not flags and (len(parts) == 1 or not _ODD_SPACE.search(text)):  # compiling a pattern takes longer
        string = " ".join(parts)
        start = text.find(string)
        while start >= 0:
            yield start, start + len(string)
            start = text.find(string, start + 1)
        return
    written = r"\s+".join(map(re.escape, parts))
    pattern = re.compile(f"(?=({written}))", flags)
    for match in pattern.finditer(text):
        yield match.span(1)


def _is_apart(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() and text[start].isalnum()) and not (after.isalnum() and text[end - 1].isalnum())


def join_words(words: Sequence[str]) -> tuple[str, list[Word]]:
    """A text of words with a space between them, and the words in it.

    Example:
        >>> join_words(("New", "York"))
        ('New York', [Word(text='New', start=0, end=3), Word(text='York', start=4, end=8)])
    """
    placed: list[Word] = []
    start = 0
    for word in words:
        placed.append(Word(word, start, start + len(word)))
        start += len(word) + 1
    return " ".join(words), placed


def covered_words(words: Sequence[Word], start: int, end: int) -> tuple[int, int]:
    """The words that share a character with a span, as a half-open range.

    Example:
        >>> from gner.words import WordSplitter
        >>> covered_words(WordSplitter()("New York-based firm"), 4, 8)
        (1, 2)
    """
    first = bisect_left(words, start + 1, key=lambda word: word.end)
    last = bisect_left(words, end, key=lambda word: word.start)
    return first, max(first, last)
