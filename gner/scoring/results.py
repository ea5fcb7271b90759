"""Entity scores of a `Tally`, over all sentences and per dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gner.scoring.counts import Score

_RATIOS = ("precision", "recall", "f1")


class GroupScores(NamedTuple):
    """The scores of some sentences.

    Attributes:
        strict: First word, last word and type must be right, and every mention counts.
        official: The score of each way to count that the format has, the published scorer's first, by their names; see
            `gner.prompting.Format`.
        types: The strict score of each entity type in the gold or predicted tags.
        f1_macro_types: Unweighted mean of F1 over these types.
        views: The score of each of `gner.scoring.partial.VIEWS`.
        errors: Share of gold entities in each class of `gner.scoring.partial.GoldErrors`.
        alignment: Sums of the fields of `gner.records.AlignmentReport`.
        num_sentences: Sentences.
        num_words: Source words.
        num_runaways: Generations that were truncated.
        lists_strings: Whether texts list the strings of entities; see `gner.prompting.Format`.

    Example:
        >>> from gner.records import AlignmentReport, Example, Prediction
        >>> from gner.scoring import Tally
        >>> example = Example(("Ada", "Byron"), ("B-person", "I-person"), ("person",), "toy", "0")
        >>> scores = Tally.of(example, Prediction(("B-person", "O"), (), AlignmentReport(omissions=1))).scores()
        >>> scores.strict.f1, scores.views["ent_type"].f1, scores.errors["boundary"], scores.alignment["omissions"]
        (0.0, 1.0, 1.0, 1)
    """

    strict: Score
    official: dict[str, Score]
    types: dict[str, Score]
    f1_macro_types: float
    views: dict[str, Score]
    errors: dict[str, float]
    alignment: dict[str, int]
    num_sentences: int
    num_words: int
    num_runaways: int
    lists_strings: bool = False

    def scalars(self) -> dict[str, float]:
        """Every number but those of the types, by the names under which they are logged.

        Example:
            >>> from gner.scoring import Tally
            >>> sorted(set(Tally().scores().scalars()) - set(Tally().scores().headline()))[:4]
            ['additions', 'boundary', 'f1_ent_type', 'f1_exact']
        """
        named = self.headline() | {"f1_macro_types": self.f1_macro_types}
        named |= {f"f1_{view}": score.f1 for view, score in self.views.items() if view != "strict"}
        named |= self.errors | self.per_thousand_words()
        return named | {"runaways": float(self.num_runaways)}

    def headline(self) -> dict[str, float]:
        """F1, precision and recall, strict and official.

        Example:
            >>> from gner.scoring import Tally
            >>> list(Tally(scorers=["theirs"]).scores().headline())
            ['f1', 'precision', 'recall', 'f1_theirs', 'precision_theirs', 'recall_theirs']
        """
        named = _named(self.strict, "")
        for scorer, score in self.official.items():
            named |= _named(score, f"_{scorer}")
        return named

    def per_thousand_words(self) -> dict[str, float]:
        """Alignment counts per 1,000 source words; ``unplaced`` is there if texts list strings, or any was not found.

        Example:
            >>> from gner.records import AlignmentReport, Example, Prediction
            >>> from gner.scoring import Tally
            >>> example = Example(("to",) * 4, ("O",) * 4, ("person",), "toy", "0")
            >>> scores = Tally.of(example, Prediction(example.tags, (), AlignmentReport(omissions=1))).scores()
            >>> scores.per_thousand_words()["omissions"]
            250.0
        """
        counts = dict(self.alignment)
        if not (self.lists_strings or counts["unplaced"]):
            del counts["unplaced"]
        return {name: 1000 * count / self.num_words if self.num_words else 0.0 for name, count in counts.items()}


class EntityScores(NamedTuple):
    """Scores over all datasets, and of each.

    Example:
        >>> from gner.records import Counts
        >>> from gner.scoring import Tally, entity_scores
        >>> tally = Tally()
        >>> tally.types = {"city": Counts(1, 1, 2)}
        >>> scores = entity_scores({"news": tally, "songs": Tally()})
        >>> scores.overall.strict.recall, scores.datasets["news"].types["city"].recall
        (0.5, 0.5)
    """

    overall: GroupScores
    datasets: dict[str, GroupScores]

    def average(self, scorer: str | None = None) -> Score:
        """The unweighted mean over datasets of the strict score, or of the one of a scorer.

        Example:
            >>> from gner.records import Counts
            >>> from gner.scoring import Tally, entity_scores
            >>> small, large = Tally(), Tally()
            >>> small.types, large.types = {"city": Counts(1, 1, 1)}, {"city": Counts(0, 0, 9)}
            >>> entity_scores({"small": small, "large": large}).average()
            Score(precision=0.5, recall=0.5, f1=0.5, support=10)
        """
        groups = self.datasets.values()
        scores = [group.strict if scorer is None else group.official[scorer] for group in groups]
        precision, recall, f1 = (_mean([getattr(score, name) for score in scores]) for name in _RATIOS)
        return Score(precision, recall, f1, sum(score.support for score in scores))

    def scalars(self) -> dict[str, float]:
        """All metrics by the names under which they are logged, without the stage.

        ``f1``, ``precision``, ``recall`` are strict; with the name of a scorer of the format, as in ``f1_gner``, they
        are its; with ``_macro`` they are the unweighted mean over datasets. ``f1_macro_types`` is the mean over types,
        ``f1_exact``, ``f1_partial`` and ``f1_ent_type`` are the other views, ``unlabeled``, ``noisy`` and ``boundary``
        shares of gold entities. Alignment counts are per 1,000 source words.

        Example:
            >>> from gner.scoring import Tally, entity_scores
            >>> [name for name in entity_scores({"toy": Tally()}).scalars() if name.startswith(("f1_gner", "toy/f1"))]
            ['f1_gner', 'toy/f1', 'toy/f1_gner', 'f1_gner_macro']
        """
        named = self.overall.scalars()
        for dataset, group in self.datasets.items():
            named |= {f"{dataset}/{name}": value for name, value in group.headline().items()}
        named |= _named(self.average(), "_macro")
        for scorer in self.overall.official:
            named |= _named(self.average(scorer), f"_{scorer}_macro")
        return named


def _named(score: Score, suffix: str) -> dict[str, float]:
    return {f"{name}{suffix}": getattr(score, name) for name in ("f1", "precision", "recall")}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
