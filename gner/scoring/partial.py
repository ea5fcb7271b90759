"""Partial-match scoring: the MUC categories, and the error classes of the GNER paper.

The categories are those of MUC-5 (Chinchor and Sundheim, 1993) over four views of an entity (SemEval-2013 task 9),
counted as in nervaluate 1.2: predicted entities choose a gold entity one after the other, and entities overlap if they
share at least one hundredth of the gold entity's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gner.records import Counts, Entity

VIEWS = ("strict", "exact", "partial", "ent_type")
"""What must match: extent and type; extent; part of the extent, for half the credit; part of the extent, and type."""


class Categories(NamedTuple):
    """How many entities are correct, incorrect, partial, missing (gold only) and spurious (predicted only).

    Example:
        >>> gold, predicted = [Entity(0, 2, "city")], [Entity(0, 2, "person")]
        >>> {view: categories(view, gold, predicted).correct for view in VIEWS}
        {'strict': 0, 'exact': 1, 'partial': 1, 'ent_type': 0}
    """

    correct: int
    incorrect: int
    partial: int
    missing: int
    spurious: int

    def counts(self) -> Counts:
        """Counts for precision and recall; a partial match is half a correct one.

        Example:
            >>> Categories(correct=1, incorrect=0, partial=1, missing=1, spurious=0).counts()
            Counts(num_correct=1.5, num_predicted=2, num_gold=3)
        """
        paired = self.correct + self.incorrect + self.partial
        return Counts(self.correct + 0.5 * self.partial, paired + self.spurious, paired + self.missing)


class GoldErrors(NamedTuple):
    """Numbers of gold entities that were not found, by what was predicted in their place (GNER, table 1).

    Attributes:
        unlabeled: No predicted entity overlaps it.
        noisy: Only entities of other types overlap it.
        boundary: An entity of its type overlaps it, with another extent.
    """

    unlabeled: int
    noisy: int
    boundary: int


def gold_error(entity: Entity, predicted: Sequence[Entity]) -> str | None:
    """The error class of a gold entity, a field of `GoldErrors`, or None if it was found.

    Example:
        >>> gold_error(Entity(0, 2, "city"), [Entity(1, 2, "city")])
        'boundary'
    """
    types = set()
    for other in predicted:
        if other.start < entity.end and entity.start < other.end:
            if (other.start, other.end, other.type) == (entity.start, entity.end, entity.type):
                return None
            types.add(other.type)
    if not types:
        return "unlabeled"
    return "boundary" if entity.type in types else "noisy"


def gold_errors(gold: Sequence[Entity], predicted: Sequence[Entity]) -> GoldErrors:
    """Count the error classes of a sentence.

    Example:
        >>> gold = [Entity(0, 2, "city"), Entity(3, 4, "city"), Entity(5, 6, "city")]
        >>> gold_errors(gold, [Entity(0, 1, "city"), Entity(3, 4, "person")])
        GoldErrors(unlabeled=1, noisy=1, boundary=1)
    """
    found = [gold_error(entity, predicted) for entity in gold]
    return GoldErrors(*(found.count(name) for name in GoldErrors._fields))


def categories(view: str, gold: Sequence[Entity], predicted: Sequence[Entity]) -> Categories:
    """Count the categories of a sentence.

    Args:
        view: One of `VIEWS`.
        gold: Entities in order.
        predicted: Entities in order.

    Example:
        >>> categories("partial", [Entity(0, 2, "city")], [Entity(1, 2, "person")])
        Categories(correct=0, incorrect=0, partial=1, missing=0, spurious=0)
    """
    open_gold = list(gold)
    correct = incorrect = spurious = 0
    for entity in predicted:
        overlapping = [other for other in open_gold if _overlap(entity, other)]
        fitting = [other for other in overlapping if _fits(view, entity, other)]
        if fitting:
            chosen = min(fitting, key=lambda other: _distance(entity, other)) if view == "ent_type" else fitting[0]
            correct += 1
        elif overlapping:
            chosen = overlapping[0]
            incorrect += 1
        else:
            spurious += 1
            continue
        open_gold.remove(chosen)
    partial = incorrect if view == "partial" else 0
    return Categories(correct, incorrect - partial, partial, len(open_gold), spurious)


def _overlap(entity: Entity, gold: Entity) -> bool:
    shared = min(entity.end, gold.end) - max(entity.start, gold.start)
    return shared > 0 and 100 * shared >= gold.end - gold.start


def _fits(view: str, entity: Entity, gold: Entity) -> bool:
    if view == "ent_type":
        return entity.type == gold.type
    is_same_extent = (entity.start, entity.end) == (gold.start, gold.end)
    return is_same_extent and (view != "strict" or entity.type == gold.type)


def _distance(entity: Entity, gold: Entity) -> int:
    return abs(entity.start - gold.start) + abs(entity.end - gold.end)
