"""Counts a data source, and finds its duplicates and contradictory annotations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gner.bio import to_entities
from gner.records import Example


@dataclass(frozen=True)
class Counts:
    """Sizes of one split.

    Attributes:
        num_sentences: Number of sentences.
        num_words: Number of words in all sentences.
        num_empty: Number of sentences without entities.
        types: Number of entities of each type that is offered, including types with 0.
        longest: The sentence with the most words.
    """

    num_sentences: int
    num_words: int
    num_empty: int
    types: Counter[str]
    longest: Example

    @property
    def num_entities(self) -> int:
        """Number of entities of all types."""
        return self.types.total()


def count(examples: Sequence[Example]) -> Counts:
    """Count a non-empty split.

    Example:
        >>> examples = [
        ...     Example(("Ada", "slept"), ("B-person", "O"), ("person", "city"), "toy", "0"),
        ...     Example(("so", "did", "I"), ("O", "O", "O"), ("person", "city"), "toy", "1"),
        ... ]
        >>> counts = count(examples)
        >>> counts.num_words, counts.num_empty, dict(counts.types), counts.longest.id
        (5, 1, {'person': 1, 'city': 0}, '1')
    """
    types: Counter[str] = Counter()
    num_empty = 0
    for example in examples:
        types.update(dict.fromkeys(example.types, 0))
        entities = to_entities(example.tags)
        types.update(entity.type for entity in entities)
        num_empty += not entities
    longest = max(examples, key=lambda example: len(example.words))
    return Counts(len(examples), sum(len(one.words) for one in examples), num_empty, types, longest)


class Duplicates(NamedTuple):
    """Repeated sentences: the number of repetitions, and their places."""

    where: str
    number: int
    places: list[str]


def find_duplicates(splits: Mapping[str, Sequence[Example]]) -> list[Duplicates]:
    """Find sentences with the same words within each split and between any two.

    Example:
        >>> one, again, other = [
        ...     Example(("Ada", "slept"), ("O", "O"), (), "toy", "0", place) for place in ("a:1", "a:4", "b:1")
        ... ]
        >>> for found in find_duplicates({"train": [one, again], "dev": [other]}):
        ...     print(found.number, found.where, found.places)
        1 that are in train already ['a:4 as a:1: Ada slept']
        1 of dev that are in train ['b:1 as a:1: Ada slept']
    """
    firsts: dict[str, dict[tuple[str, ...], Example]] = {}
    found: list[Duplicates] = []
    for name, examples in splits.items():
        seen: dict[tuple[str, ...], Example] = {}
        places: list[str] = []
        for example in examples:
            first = seen.setdefault(example.words, example)
            if first is not example:
                places.append(f"{example.source} as {first.source}: {shorten(example.words)}")
        found.append(Duplicates(f"that are in {name} already", len(places), places))
        for other, before in firsts.items():
            shared = [words for words in seen if words in before]
            places = [f"{seen[words].source} as {before[words].source}: {shorten(words)}" for words in shared]
            found.append(Duplicates(f"of {name} that are in {other}", len(shared), places))
        firsts[name] = seen
    return [one for one in found if one.number]


class Clash(NamedTuple):
    """Something that is annotated in different ways, with the places."""

    what: str
    places: list[str]


def find_sentence_clashes(examples: Iterable[Example]) -> list[Clash]:
    """Sentences with the same words but different entities, in order of first appearance.

    Example:
        >>> one = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0", "a.txt:1")
        >>> other = Example(one.words, ("O", "O"), one.types, "toy", "1", "a.txt:4")
        >>> find_sentence_clashes([one, other])
        [Clash(what='Ada slept', places=['a.txt:1: Ada (person)', 'a.txt:4: no entity'])]
    """
    groups: dict[tuple[str, ...], dict[tuple[str, ...], Example]] = {}
    for example in examples:
        groups.setdefault(example.words, {}).setdefault(example.tags, example)
    clashes: list[Clash] = []
    for words, variants in groups.items():
        if len(variants) > 1:
            places = [f"{one.source}: {_describe_entities(one)}" for one in variants.values()]
            clashes.append(Clash(shorten(words), places))
    return clashes


def _describe_entities(example: Example) -> str:
    found = [f"{' '.join(example.words[one.start : one.end])} ({one.type})" for one in to_entities(example.tags)]
    return ", ".join(found) or "no entity"


def find_name_clashes(examples: Iterable[Example]) -> list[Clash]:
    """Entity texts with several types; first those with most entities outside their most frequent type.

    Example:
        >>> tags = [("B-city",), ("B-club",), ("B-city",)]
        >>> find_name_clashes(Example(("Milan",), tag, ("city", "club"), "toy", "0", "a.txt:1") for tag in tags)
        [Clash(what='Milan', places=['city 2 times, first a.txt:1', 'club 1 times, first a.txt:1'])]
    """
    types: dict[str, Counter[str]] = {}
    firsts: dict[tuple[str, str], str] = {}
    for example in examples:
        for entity in to_entities(example.tags):
            text = " ".join(example.words[entity.start : entity.end])
            types.setdefault(text, Counter())[entity.type] += 1
            firsts.setdefault((text, entity.type), example.source)
    several = {text: counts for text, counts in types.items() if len(counts) > 1}
    clashes: list[Clash] = []
    for text in sorted(several, key=lambda text: max(several[text].values()) - several[text].total()):
        common = several[text].most_common()
        places = [f"{kind} {number:,} times, first {firsts[text, kind]}" for kind, number in common]
        clashes.append(Clash(text, places))
    return clashes


def find_similar_types(types: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of types that differ only in case, plural, or the separators of their words.

    Example:
        >>> find_similar_types(["Film_Title", "film titles", "city", "cities", "song"])
        [('Film_Title', 'film titles'), ('city', 'cities')]
    """
    groups: dict[str, list[str]] = {}
    for entity_type in dict.fromkeys(types):
        groups.setdefault(_stem(entity_type), []).append(entity_type)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _stem(entity_type: str) -> str:
    words = re.split(r"[\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", entity_type).casefold())
    return " ".join(
        re.sub(r"ies$", "y", word) if word.endswith("ies") else re.sub(r"(?<=\w\w)s$", "", word)
        for word in words
        if word
    )


def shorten(words: Sequence[str]) -> str:
    """The start of a sentence, for messages.

    Example:
        >>> shorten(["Ada", "slept"]), len(shorten(["buffalo"] * 20))
        ('Ada slept', 70)
    """
    text = " ".join(words)
    return text if len(text) <= 70 else f"{text[:67]}..."


class Bin(NamedTuple):
    """Number of lengths in ``[start, end)``."""

    start: int
    end: int
    number: int


def histogram(lengths: Sequence[int]) -> list[Bin]:
    """Sort lengths into at most 12 bins of equal, round width.

    Example:
        >>> [tuple(one) for one in histogram([13, 17, 12, 31])]
        [(10, 15, 2), (15, 20, 1), (20, 25, 0), (25, 30, 0), (30, 35, 1)]
    """
    longest, shortest = max(lengths), min(lengths)
    width = next(width for width in _bin_widths() if longest // width - shortest // width < 12)
    counts = Counter(length // width for length in lengths)
    return [Bin(number * width, (number + 1) * width, counts[number]) for number in range(min(counts), max(counts) + 1)]


def _bin_widths() -> Iterator[int]:
    """5, 10, 20, 50, 100, …"""
    for power in range(12):
        yield from (number * 10**power for number in (5, 10, 20))
