"""How much two annotations agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from gner.data.compare.disagreement import KINDS, Disagreement, Kind
from gner.data.compare.pairing import Pairs
from gner.data.compare.ranking import Differing
from gner.records import Counts
from gner.scoring.counts import Score, score_of


@dataclass(frozen=True)
class Summary:
    """Agreement of two annotations.

    Attributes:
        num_both: Sentences that both have.
        num_agreeing: Those of them that have the same entities.
        num_only_a: Sentences that B lacks.
        num_only_b: Sentences that A lacks.
        score: B against A, in the sentences that both have.
        kinds: Number of disagreements of each kind.
        confused: For types of A and of B, how often they are given to the same words; the most frequent first.
    """

    num_both: int
    num_agreeing: int
    num_only_a: int
    num_only_b: int
    score: Score
    kinds: dict[Kind, int]
    confused: list[tuple[tuple[str, str], int]]

    def as_values(self) -> dict[str, Any]:
        """Plain values, for a page."""
        sizes = {"both": self.num_both, "agreeing": self.num_agreeing}
        only = {"onlyA": self.num_only_a, "onlyB": self.num_only_b}
        confused = [[*types, number] for types, number in self.confused]
        return {**sizes, **only, **self.score._asdict(), "kinds": self.kinds, "confused": confused}


def summarize(pairs: Pairs, differing: Sequence[Differing]) -> Summary:
    """Count agreement.

    Args:
        pairs: All sentences.
        differing: Those with disagreements.

    Example:
        >>> summarize(Pairs([], [], []), []).kinds
        {'only_a': 0, 'only_b': 0, 'type': 0, 'borders': 0}
    """
    found = list(chain.from_iterable(one.disagreements for one in differing))
    kinds = Counter(one.kind for one in found)
    confused = Counter(_types(one) for one in found if one.kind == "type")
    num_both, num_only_a, num_only_b = (len(sentences) for sentences in pairs)
    return Summary(
        num_both=num_both,
        num_agreeing=num_both - len(differing),
        num_only_a=num_only_a,
        num_only_b=num_only_b,
        score=_score(pairs, differing),
        kinds={kind: kinds[kind] for kind in KINDS},
        confused=confused.most_common(),
    )


def _score(pairs: Pairs, differing: Sequence[Differing]) -> Score:
    """B against A; what A has and no disagreement names is in B too."""
    num_a, num_b = (sum(len(pair[side].entities) for pair in pairs.both) for side in (0, 1))
    num_wrong = sum(len({one.a for one in sentence.disagreements} - {None}) for sentence in differing)
    return score_of(Counts(num_a - num_wrong, num_b, num_a))


def _types(one: Disagreement) -> tuple[str, str]:
    assert one.a is not None and one.b is not None
    return one.a.type, one.b.type
