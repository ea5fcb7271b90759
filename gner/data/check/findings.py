"""What a data source has: counts, contradictions, duplicates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from gner.bio import to_entities
from gner.records import Example


@dataclass(frozen=True)
class Counts:
    """Sizes of one split.

    Attributes:
        num_sentences: Sentences.
        num_words: Words of all of them.
        num_empty: Sentences without an entity.
        types: Entities of each type that is offered; 0 for those that have none.
        longest: The sentence with the most words.
    """

    num_sentences: int
    num_words: int
    num_empty: int
    types: Counter[str]
    longest: Example

    @property
    def num_entities(self) -> int:
        """Entities of all types."""
        return self.types.total()


def count(examples: Sequence[Example]) -> Counts:
    """Count a split that is not empty."""
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
    """Sentences that are there more than once: how many of them are too many, and the places of some."""

    where: str
    number: int
    places: list[str]


def find_duplicates(splits: Mapping[str, Sequence[Example]]) -> list[Duplicates]:
    """Sentences of the same words, within each split and between any two."""
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
    """One thing that is annotated in two ways, and where."""

    what: str
    places: list[str]


def find_sentence_clashes(examples: Iterable[Example]) -> list[Clash]:
    """Sentences of the same words that have different entities, in order of their first place."""
    groups: dict[tuple[str, ...], dict[tuple[str, ...], Example]] = {}
    for example in examples:
        groups.setdefault(example.words, {}).setdefault(example.tags, example)
    clashes = []
    for words, variants in groups.items():
        if len(variants) > 1:
            places = [f"{one.source}: {_entities(one)}" for one in variants.values()]
            clashes.append(Clash(shorten(words), places))
    return clashes


def _entities(example: Example) -> str:
    found = [f"{' '.join(example.words[one.start : one.end])} ({one.type})" for one in to_entities(example.tags)]
    return ", ".join(found) or "no entity"


def find_name_clashes(examples: Iterable[Example]) -> list[Clash]:
    """Entity texts that have several types, those first whose rarer types are most frequent."""
    types: dict[str, Counter[str]] = {}
    firsts: dict[tuple[str, str], str] = {}
    for example in examples:
        for entity in to_entities(example.tags):
            text = " ".join(example.words[entity.start : entity.end])
            types.setdefault(text, Counter())[entity.type] += 1
            firsts.setdefault((text, entity.type), example.source)
    several = {text: counts for text, counts in types.items() if len(counts) > 1}
    clashes = []
    for text in sorted(several, key=lambda text: max(several[text].values()) - several[text].total()):
        kinds = several[text].most_common()
        places = [f"{kind} {number:,} times, first {firsts[text, kind]}" for kind, number in kinds]
        clashes.append(Clash(text, places))
    return clashes


def find_similar_types(types: Iterable[str]) -> list[tuple[str, ...]]:
    """Types that differ in case, number, or what parts their words only.

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
    """The first words of a sentence."""
    text = " ".join(words)
    return text if len(text) <= 70 else f"{text[:67]}..."


class Bin(NamedTuple):
    """How many lengths are in ``[start, end)``."""

    start: int
    end: int
    number: int


def histogram(lengths: Sequence[int]) -> list[Bin]:
    """Bins of lengths, at most a dozen, each as wide as the same round number.

    Example:
        >>> [tuple(one) for one in histogram([13, 17, 12, 31])]
        [(10, 15, 2), (15, 20, 1), (20, 25, 0), (25, 30, 0), (30, 35, 1)]
    """
    widths = (number * 10**power for power, number in product(range(12), (1, 2, 5)))
    width = next(width for width in widths if (max(lengths) // width) - (min(lengths) // width) < 12 and width > 4)
    counts = Counter(length // width for length in lengths)
    return [Bin(number * width, (number + 1) * width, counts[number]) for number in range(min(counts), max(counts) + 1)]
