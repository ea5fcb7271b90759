"""In what two annotations of a sentence disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from gner.records import Entity

Kind = Literal["only_a", "only_b", "type", "borders"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MEANING: dict[Kind, str] = {
    "only_a": "only in A",
    "only_b": "only in B",
    "type": "other type",
    "borders": "other borders",
}


class Disagreement(NamedTuple):
    """One of them.

    Attributes:
        kind: ``only_a`` or ``only_b`` for an entity that nothing overlaps in the other annotation; ``type`` for two of
            the same words, ``borders`` for two that overlap, whatever their types.
        a: The entity of A, if there is one.
        b: The entity of B, if there is one.
    """

    kind: Kind
    a: Entity | None
    b: Entity | None

    @property
    def start(self) -> int:
        """Its first word."""
        return min(one.start for one in (self.a, self.b) if one is not None)

    @property
    def score(self) -> float | None:
        """How sure B is of its entity."""
        return None if self.b is None else self.b.score


def find_disagreements(entities_a: Sequence[Entity], entities_b: Sequence[Entity]) -> list[Disagreement]:
    """All disagreements of a sentence, in text order; none where span and type are the same, whatever the scores.

    An entity that overlaps two of the other annotation disagrees with each of them.

    Example:
        >>> a = [Entity(0, 2, "person"), Entity(3, 4, "city"), Entity(5, 8, "club")]
        >>> b = [Entity(0, 2, "person", 0.9), Entity(3, 4, "club", 0.8), Entity(5, 6, "club", 0.7), Entity(9, 10, "x")]
        >>> [(one.kind, one.score) for one in find_disagreements(a, b)]
        [('type', 0.8), ('borders', 0.7), ('only_b', None)]
    """
    rest_a, rest_b = _without(entities_a, entities_b), _without(entities_b, entities_a)
    found: list[Disagreement] = []
    touched: set[Entity] = set()
    for ours in rest_a:
        overlapping = [theirs for theirs in rest_b if theirs.start < ours.end and ours.start < theirs.end]
        touched.update(overlapping)
        found += [Disagreement(_kind(ours, theirs), ours, theirs) for theirs in overlapping]
        if not overlapping:
            found.append(Disagreement("only_a", ours, None))
    found += [Disagreement("only_b", None, theirs) for theirs in rest_b if theirs not in touched]
    return sorted(found, key=lambda one: one.start)


def _without(entities: Sequence[Entity], others: Sequence[Entity]) -> list[Entity]:
    """The entities that are not among others, whatever their scores."""
    known = {_essence(one) for one in others}
    return [one for one in entities if _essence(one) not in known]


def _essence(entity: Entity) -> tuple[int, int, str]:
    return entity.start, entity.end, entity.type


def _kind(ours: Entity, theirs: Entity) -> Kind:
    return "type" if (ours.start, ours.end) == (theirs.start, theirs.end) else "borders"
