"""Converts BIO tags to entities and back, repairs invalid tags, and validates tagging schemes.

This is the only code that parses ``B-``. Inside the system every tag sequence is IOB2: an entity is one ``B-<type>``,
followed by ``I-<type>`` of the same type.

**Repair.** Models write invalid sequences. One rule applies everywhere: an ``I-`` that does not continue an entity of
its own type starts one, so it is read as ``B-``. This is how conlleval reads tags (Tjong Kim Sang and De Meulder,
2003). See docs/decisions/tag_repair.md.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from gner.records import Entity

Scheme = Literal["IOB2", "IOB1", "BIOES"]
SCHEMES: tuple[Scheme, ...] = ("IOB2", "IOB1", "BIOES")

OUTSIDE = "O"


@lru_cache(maxsize=4096)
def split_tag(tag: str) -> tuple[str, str]:
    """Split a tag into prefix and type.

    Raises:
        ValueError: The text is neither ``O`` nor ``<prefix>-<type>``.

    Example:
        >>> split_tag("B-programming language"), split_tag("O")
        (('B', 'programming language'), ('O', ''))
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, dash, entity_type = tag.partition("-")
    if not dash or len(prefix) != 1 or not entity_type:
        raise ValueError(f"Expected `O`, `B-<type>` or `I-<type>`, got `{tag}`.")
    return prefix, entity_type


def tags_of(types: Iterable[str]) -> list[str]:
    """All tags that an example with these types can have.

    Example:
        >>> tags_of(["actor"])
        ['O', 'B-actor', 'I-actor']
    """
    tags = [OUTSIDE]
    for entity_type in types:
        tags += [f"B-{entity_type}", f"I-{entity_type}"]
    return tags


def inside(tag: str) -> str:
    """The tag that continues the entity of a tag.

    Example:
        >>> inside("B-actor"), inside("O")
        ('I-actor', 'O')
    """
    return OUTSIDE if tag == OUTSIDE else f"I-{split_tag(tag)[1]}"


def follows(before: str, tag: str) -> bool:
    """Whether a tag may follow another; at the start of a sentence ``before`` is ``O``.

    Example:
        >>> follows("B-actor", "I-actor"), follows("O", "I-actor"), follows("B-actor", "B-actor")
        (True, False, True)
    """
    return tag[:1] != "I" or tag[1:] == before[1:]


def repair(tags: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Apply the repair rule of this module.

    Returns:
        Valid IOB2 tags, and how many were changed.

    Example:
        >>> repair(["I-actor", "I-actor", "I-title"])
        (('B-actor', 'I-actor', 'B-title'), 2)
    """
    repaired = list(tags)
    num_repaired = 0
    before = OUTSIDE
    for position, tag in enumerate(tags):
        if not follows(before, tag):
            repaired[position] = "B" + tag[1:]
            num_repaired += 1
        before = tag
    return tuple(repaired), num_repaired


def to_entities(tags: Sequence[str]) -> list[Entity]:
    """Convert tags to entities, with invalid sequences repaired.

    Example:
        >>> to_entities(["O", "B-actor", "I-actor"])
        [Entity(start=1, end=3, type='actor', score=None)]
    """
    entities: list[Entity] = []
    start, continued = 0, ""  # start of the open entity, and the tag that continues it
    for position, tag in enumerate([*tags, OUTSIDE]):
        if tag == (continued or OUTSIDE):
            continue
        if continued:
            entities.append(Entity(start, position, split_tag(continued)[1]))
        start, continued = position, "" if tag == OUTSIDE else inside(tag)
    return entities


def to_tags(entities: Iterable[Entity], num_words: int) -> list[str]:
    """Convert entities to IOB2 tags.

    Raises:
        ValueError: An entity is empty, overlaps another, or is outside the sentence.

    Example:
        >>> to_tags([Entity(1, 3, "actor")], 4)
        ['O', 'B-actor', 'I-actor', 'O']
    """
    tags = [OUTSIDE] * num_words
    for entity in entities:
        if not 0 <= entity.start < entity.end <= num_words:
            raise ValueError(f"Expected a span within 0..{num_words} words, got {entity.start}..{entity.end}.")
        if any(tag != OUTSIDE for tag in tags[entity.start : entity.end]):
            raise ValueError(f"Expected flat entities, but {entity} overlaps another one.")
        tags[entity.start] = f"B-{entity.type}"
        tags[entity.start + 1 : entity.end] = [f"I-{entity.type}"] * (entity.end - entity.start - 1)
    return tags


def lenient_spans(tags: Sequence[str]) -> list[Entity]:
    """Read spans as the released GNER scorer does.

    An ``I-`` after O starts a span, an ``I-`` of another type continues one, and a span has the type of its last tag.

    Example:
        >>> lenient_spans(["B-city", "I-person"])
        [Entity(start=0, end=2, type='person', score=None)]
    """
    spans: list[Entity] = []
    is_open = False
    for position, tag in enumerate(tags):
        prefix, entity_type = split_tag(tag)
        if prefix == "I" and is_open:
            spans[-1] = Entity(spans[-1].start, position + 1, entity_type)
        elif prefix != OUTSIDE:
            spans.append(Entity(position, position + 1, entity_type))
        is_open = prefix != OUTSIDE
    return spans


def keep_types(tags: Sequence[str], types: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """Replace tags of other types, and malformed ones, by O.

    Returns:
        The tags, and how many were changed.

    Example:
        >>> keep_types(["B-actor", "B-city", "B-"], ["actor"])
        (('B-actor', 'O', 'O'), 2)
    """
    known = _known_tags(tuple(types))
    if known.issuperset(tags):
        return tuple(tags), 0
    kept = tuple([tag if tag in known else OUTSIDE for tag in tags])
    return kept, sum(map(operator.ne, kept, tags))


def draw_types(types: Sequence[str], drop: float, rng: random.Random) -> list[str]:
    """Leave out each type with the probability ``drop``, but at least one stays; the others keep their order.

    Example:
        >>> draw_types(["actor", "city", "title"], 0.5, random.Random(1))
        ['city', 'title']
    """
    kept = [entity_type for entity_type in types if rng.random() >= drop]
    return kept or [rng.choice(types)]


@lru_cache(maxsize=1024)
def _known_tags(types: tuple[str, ...]) -> frozenset[str]:
    return frozenset(tags_of(types))


class SchemeFault(NamedTuple):
    """Where and why a tag sequence violates a scheme.

    Example:
        >>> fault = find_fault(["O", "B-city", "X"], "IOB2")
        >>> fault.position, fault.reason
        (2, '`X` is not a tag')
    """

    position: int
    reason: str


def find_fault(tags: Sequence[str], scheme: Scheme) -> SchemeFault | None:
    """Find the first tag that violates a scheme.

    * IOB2: every entity starts with B.
    * IOB1: entities start with I; B only where one follows another of its type without a gap.
    * BIOES: B, I…, E for an entity of several words, S for one word.

    Example:
        >>> find_fault(["O", "I-city"], "IOB2")
        SchemeFault(position=1, reason='`I-city` continues no entity')
        >>> find_fault(["O", "I-city"], "IOB1") is None
        True
    """
    check = {"IOB2": _iob2_fault, "IOB1": _iob1_fault, "BIOES": _bioes_fault}[scheme]
    before = (OUTSIDE, "")
    for position, tag in enumerate([*tags, OUTSIDE]):  # the O at the end closes an open BIOES entity
        try:
            here = split_tag(tag)
        except ValueError:
            return SchemeFault(position, f"`{tag}` is not a tag")
        reason = check(before, here)
        if reason is not None:
            return SchemeFault(min(position, len(tags) - 1), reason.format(tag=tag))
        before = here
    return None


def _iob2_fault(before: tuple[str, str], here: tuple[str, str]) -> str | None:
    if here[0] not in "BIO":
        return "`{tag}` has a prefix that IOB2 lacks"
    return "`{tag}` continues no entity" if here[0] == "I" and before[1] != here[1] else None


def _iob1_fault(before: tuple[str, str], here: tuple[str, str]) -> str | None:
    if here[0] not in "BIO":
        return "`{tag}` has a prefix that IOB1 lacks"
    return "`{tag}` follows no entity of its type" if here[0] == "B" and before[1] != here[1] else None


def _bioes_fault(before: tuple[str, str], here: tuple[str, str]) -> str | None:
    if here[0] not in "BIOES":
        return "`{tag}` has a prefix that BIOES lacks"
    if here[0] in "IE":
        return None if before[0] in "BI" and before[1] == here[1] else "`{tag}` continues no entity"
    return f"the entity `{before[0]}-{before[1]}` is not closed by E" if before[0] in "BI" else None


def to_iob2(tags: Sequence[str], scheme: Scheme) -> tuple[str, ...]:
    """Convert tags that are valid in their scheme.

    Example:
        >>> to_iob2(["S-city", "B-city", "E-city"], "BIOES")
        ('B-city', 'B-city', 'I-city')
        >>> to_iob2(["I-city", "B-city", "I-city"], "IOB1")
        ('B-city', 'B-city', 'I-city')
    """
    if scheme == "BIOES":
        tags = [{"S": "B", "E": "I"}.get(tag[0], tag[0]) + tag[1:] for tag in tags]
    return repair(tags)[0]
