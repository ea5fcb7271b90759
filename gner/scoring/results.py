"""Entity scores of a `Tally`, over all sentences and per dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gner.scoring.counts import Score


class GroupScores(NamedTuple):
    """The scores of some sentences.

    Attributes:
        strict: First word, last word and type must be right, and every mention counts.
        official: As in the released GNER scorer: distinct (normalised text, type) pairs of each sentence.
        types: The strict score of each entity type in the gold or predicted tags.
        f1_macro_types: Unweighted mean of F1 over these types.
        views: The score of each of `gner.scoring.partial.VIEWS`.
        errors: Share of gold entities in each class of `gner.scoring.partial.GoldErrors`.
        alignment: Sums of the fields of `gner.records.AlignmentReport`.
        num_sentences: Number of sentences.
        num_words: Number of source words.
        num_runaways: Generations that reached the length limit before they ended.
    """

    strict: Score
    official: Score
    types: dict[str, Score]
    f1_macro_types: float
    views: dict[str, Score]
    errors: dict[str, float]
    alignment: dict[str, int]
    num_sentences: int
    num_words: int
    num_runaways: int

    def scalars(self) -> dict[str, float]:
        """All metrics except those of single types, by the names under which they are logged."""
        values = self.headline()
        values["f1_macro_types"] = self.f1_macro_types
        values |= {f"f1_{view}": score.f1 for view, score in self.views.items() if view != "strict"}
        values |= self.errors
        values |= self.per_thousand_words()
        values["runaways"] = float(self.num_runaways)
        return values

    def headline(self) -> dict[str, float]:
        """F1, precision and recall, strict and official."""
        return _named(self.strict, "") | _named(self.official, "_gner")

    def per_thousand_words(self) -> dict[str, float]:
        """Alignment counts per 1,000 source words."""
        return {
            name: 1000 * count / self.num_words if self.num_words else 0.0 for name, count in self.alignment.items()
        }


class EntityScores(NamedTuple):
    """Scores over all datasets, and of each."""

    overall: GroupScores
    datasets: dict[str, GroupScores]

    def average(self, kind: str) -> Score:
        """The unweighted mean over datasets of the score named by a field of `GroupScores`."""
        scores: list[Score] = [getattr(group, kind) for group in self.datasets.values()]
        precision = _mean([score.precision for score in scores])
        recall = _mean([score.recall for score in scores])
        f1 = _mean([score.f1 for score in scores])
        return Score(precision, recall, f1, sum(score.support for score in scores))

    def scalars(self) -> dict[str, float]:
        """All metrics by the names under which they are logged, without the stage.

        ``f1``, ``precision`` and ``recall`` are strict; ``_gner`` is official, ``_macro`` the unweighted mean over
        datasets. ``f1_macro_types`` is the mean over types, ``f1_exact``, ``f1_partial`` and ``f1_ent_type`` are the
        other views, ``unlabeled``, ``noisy`` and ``boundary`` shares of gold entities. Alignment counts are per 1,000
        source words.
        """
        named = self.overall.scalars()
        for dataset, group in self.datasets.items():
            named |= {f"{dataset}/{name}": value for name, value in group.headline().items()}
        return named | _named(self.average("strict"), "_macro") | _named(self.average("official"), "_gner_macro")


def _named(score: Score, suffix: str) -> dict[str, float]:
    return {f"{name}{suffix}": getattr(score, name) for name in ("f1", "precision", "recall")}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
