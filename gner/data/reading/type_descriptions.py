"""What types mean, as the `descriptions` of a source say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from lightning.pytorch.utilities.rank_zero import rank_zero_warn

from gner.errors import did_you_mean
from gner.records import Example

_Pairs = tuple[tuple[str, str], ...]


def describe_types(examples: Sequence[Example], descriptions: Mapping[str, str], place: str) -> list[Example]:
    """Examples with the descriptions of the types that each offers; warns of descriptions of types that none offers.

    Args:
        examples: As read.
        descriptions: Of types, by their names.
        place: Where the examples are from, for messages.

    Example:
        >>> example = Example(("Ada",), ("B-person",), ("city", "person"), "toy", "0")
        >>> [described] = describe_types([example], {"person": "a human being"}, "toy.txt")
        >>> described.descriptions
        (('person', 'a human being'),)
    """
    if not descriptions:
        return list(examples)
    offered = dict.fromkeys(chain.from_iterable(dict.fromkeys(example.types for example in examples)))
    for unknown in descriptions.keys() - offered.keys():
        hint = did_you_mean(unknown, offered)
        rank_zero_warn(f"{place}: `descriptions` has the key `{unknown}`, but no sentence offers that type.{hint}")
    known: dict[tuple[str, ...], _Pairs] = {}
    described = []
    for example in examples:
        if example.types not in known:
            known[example.types] = tuple((one, descriptions[one]) for one in example.types if one in descriptions)
        described.append(replace(example, descriptions=known[example.types]))
    return described


def known_descriptions(examples: Iterable[Example]) -> dict[str, str]:
    """The description of each type that has one; of several, the first.

    Example:
        >>> songs = Example(("Help!",), ("O",), ("song",), "songs", "0", descriptions=(("song", "its title"),))
        >>> known_descriptions([songs])
        {'song': 'its title'}
    """
    pairs = dict.fromkeys(example.descriptions for example in examples)
    found: dict[str, str] = {}
    for entity_type, description in chain.from_iterable(pairs):
        found.setdefault(entity_type, description)
    return found
