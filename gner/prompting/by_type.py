"""Formats that ask for each type by itself, so that types need not share a prompt."""

from __future__ import annotations

from dataclasses import replace

from gner.bio import OUTSIDE
from gner.prompting.base import Format
from gner.records import Example


def asks_each_type(format: Format, example: Example) -> bool:
    """Whether there is one query for each type of an example, in order, written as if it had that type alone.

    Example:
        >>> from gner.prompting import GnerFormat, UniNerFormat
        >>> example = Example(("Ada", "slept"), ("O", "O"), ("person", "city"), "toy", "0")
        >>> asks_each_type(UniNerFormat(), example), asks_each_type(GnerFormat(), example)
        (True, False)
    """
    if format.num_queries(example) != len(example.types):
        return False
    untagged = replace(example, tags=(OUTSIDE,) * len(example.words))
    prompts = [query.prompt for query in format.queries(untagged)]
    alone = [format.queries(of_types(untagged, place, place + 1)) for place in range(len(example.types))]
    return [[prompt] for prompt in prompts] == [[query.prompt for query in queries] for queries in alone]


def of_types(example: Example, start: int, end: int) -> Example:
    """The example with its types from ``start`` to ``end`` (exclusive) only; its tags are kept.

    Example:
        >>> example = Example(("Ada", "slept"), ("O", "O"), ("person", "city", "song"), "toy", "0")
        >>> of_types(example, 1, 3).types
        ('city', 'song')
    """
    types = example.types[start:end]
    descriptions = tuple(pair for pair in example.descriptions if pair[0] in types)
    return replace(example, types=types, descriptions=descriptions)
