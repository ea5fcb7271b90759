"""Orders the sentences that two annotations disagree about, the most harmful first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gner.data.compare.annotated import Annotated
from gner.data.compare.disagreement import Disagreement, find_disagreements


class Differing(NamedTuple):
    """A sentence with disagreements.

    Attributes:
        a: As A has it.
        b: As B has it.
        disagreements: In text order.
        elsewhere: For each of them, how often A contradicts itself; see `TagsElsewhere`.
    """

    a: Annotated
    b: Annotated
    disagreements: list[Disagreement]
    elsewhere: list[int]

    @property
    def score(self) -> float | None:
        """The highest score of an entity of B that A does not have; None without any."""
        return max((one.score for one in self.disagreements if one.score is not None), default=None)


class TagsElsewhere:
    """Knows how A tags strings in all its sentences.

    Args:
        sentences: Those of A.

    Example:
        >>> from gner.records import Entity
        >>> sentences = [Annotated(("Milan",), (Entity(0, 1, kind),), "a.jsonl:1") for kind in ("city", "city", "club")]
        >>> elsewhere = TagsElsewhere(sentences)
        >>> elsewhere(sentences[2], Disagreement("type", Entity(0, 1, "club"), Entity(0, 1, "city")))
        2
        >>> elsewhere(sentences[0], Disagreement("only_a", Entity(0, 1, "city"), None))
        1
    """

    def __init__(self, sentences: Iterable[Annotated]) -> None:
        self._types: dict[str, Counter[str]] = {}
        for sentence in sentences:
            for entity in sentence.entities:
                self._types.setdefault(sentence.text_of(entity), Counter())[entity.type] += 1

    def __call__(self, sentence: Annotated, disagreement: Disagreement) -> int:
        """How often A tags the string of B's entity as B does; without one, the string of its own with another type."""
        a, b = disagreement.a, disagreement.b
        if b is not None:
            return self._types.get(sentence.text_of(b), Counter())[b.type]
        assert a is not None
        types = self._types.get(sentence.text_of(a), Counter())
        return types.total() - types[a.type]


def rank(pairs: Sequence[tuple[Annotated, Annotated]], elsewhere: TagsElsewhere) -> list[Differing]:
    """The sentences that differ, the most harmful first.

    What a sure model finds and A lacks is likely an error of A: sentences are ordered by the highest score of an entity
    of B that A does not have, those without a score last; then by the number of disagreements, and by how often A
    contradicts itself.

    Args:
        pairs: Each sentence as A and as B has it.
        elsewhere: How A tags strings.

    Example:
        >>> from gner.records import Entity
        >>> words = ("Ada", "left", "Oslo")
        >>> found = [(), (Entity(0, 1, "person", 0.6), Entity(2, 3, "city", 0.5)), (Entity(2, 3, "city", 0.9),), ()]
        >>> pairs = [(Annotated(words, (), ""), Annotated(words, one, f"b:{n}")) for n, one in enumerate(found)]
        >>> [one.b.place for one in rank(pairs, TagsElsewhere([]))]
        ['b:2', 'b:1']
    """
    differing: list[Differing] = []
    for a, b in pairs:
        found = find_disagreements(a.entities, b.entities)
        if found:
            differing.append(Differing(a, b, found, [elsewhere(a, one) for one in found]))
    return sorted(differing, key=_harm, reverse=True)


def _harm(one: Differing) -> tuple[float, int, int]:
    return -1.0 if one.score is None else one.score, len(one.disagreements), sum(one.elsewhere)
