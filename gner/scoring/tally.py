"""Integer counts of sentences, which any number of processes can add up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import islice
from typing import Any

from gner.bio import to_entities
from gner.prompting import DefaultFormat
from gner.records import AlignmentReport, Counts, Entity, Example, Prediction
from gner.scoring.counts import OFFICIAL_EPSILON, Score, score_of
from gner.scoring.partial import VIEWS, Categories, GoldErrors, categories, gold_errors
from gner.scoring.results import EntityScores, GroupScores

_NO_ENTITIES = Counts(0, 0, 0)
_REPORT_FIELDS = tuple(field.name for field in fields(AlignmentReport))
DEFAULT_SCORERS = DefaultFormat().scorers


def _names() -> tuple[str, ...]:
    """Names of all numbers that are neither of a single type nor of a scorer, such as ``strict/correct``."""
    parts = {**dict.fromkeys(VIEWS, Categories._fields), "errors": GoldErrors._fields}
    parts["alignment"] = _REPORT_FIELDS
    parts["texts"] = ("sentences", "words", "runaways")
    names: list[str] = []
    for part, of_part in parts.items():
        names += [f"{part}/{name}" for name in of_part]
    return tuple(names)


NAMES = _names()


class Tally:
    """What is counted in some sentences; tallies add up.

    Args:
        scorers: Names of the ways to count that the format has; see `gner.prompting.Format`.

    Attributes:
        totals: Numbers by their `NAMES`.
        types: Counts of each type that occurs in gold or predicted entities.
        official: Counts of each scorer.

    Example:
        >>> example = Example(("Ada", "met", "Bob"), ("B-person", "O", "B-person"), ("person",), "toy", "0")
        >>> tags = ("B-person", "O", "O")
        >>> tally = Tally.of(example, Prediction(tags, tuple(to_entities(tags)), AlignmentReport()))
        >>> tally += tally
        >>> tally.strict, tally.totals["texts/words"], tally.totals["errors/unlabeled"]
        (Counts(num_correct=2, num_predicted=2, num_gold=4), 6, 2)
    """

    def __init__(self, scorers: Sequence[str] = DEFAULT_SCORERS) -> None:
        self.totals = dict.fromkeys(NAMES, 0)
        self.types: dict[str, Counts] = {}
        self.official = dict.fromkeys(scorers, _NO_ENTITIES)

    @classmethod
    def of(
        cls,
        example: Example,
        prediction: Prediction,
        finished: bool = True,
        scorers: Sequence[str] = DEFAULT_SCORERS,
    ) -> Tally:
        """Count one sentence.

        Args:
            example: Its words and gold tags.
            prediction: Tags for the same words.
            finished: False if a text was truncated.
            scorers: Names of the counts that come with the prediction; those of one without any are 0.

        Raises:
            ValueError: The prediction is for another number of words.

        Example:
            >>> example = Example(("Ada", "Byron"), ("B-person", "I-person"), ("person",), "toy", "0")
            >>> tally = Tally.of(example, Prediction(("B-person", "O"), (), AlignmentReport()))
            >>> [name for name, number in tally.totals.items() if number][:5]
            ['strict/incorrect', 'exact/incorrect', 'partial/partial', 'ent_type/correct', 'errors/boundary']
        """
        if len(prediction.tags) != len(example.words):
            raise ValueError(f"Expected {len(example.words)} tags, got {len(prediction.tags)}.")
        gold, predicted = to_entities(example.tags), to_entities(prediction.tags)
        tally = cls(scorers)
        for view in VIEWS:
            tally._put(view, categories(view, gold, predicted)._asdict())
        tally._put("errors", gold_errors(gold, predicted)._asdict())
        tally._put("alignment", asdict(prediction.report))
        tally._put("texts", {"sentences": 1, "words": len(example.words), "runaways": int(not finished)})
        tally.types = _by_type(gold, predicted)
        counted = () if prediction.official is None else (prediction.official,)
        tally.official.update(zip(scorers, (*counted, *prediction.variants), strict=False))
        return tally

    def _put(self, part: str, numbers: Mapping[str, Any]) -> None:
        for name, number in numbers.items():
            self.totals[f"{part}/{name}"] = number

    def _get(self, part: str) -> dict[str, int]:
        """The numbers of a part."""
        start = f"{part}/"
        return {name.removeprefix(start): number for name, number in self.totals.items() if name.startswith(start)}

    def __iadd__(self, other: Tally) -> Tally:
        for name, number in other.totals.items():
            self.totals[name] += number
        for mine, others in ((self.types, other.types), (self.official, other.official)):
            for name, counts in others.items():
                mine[name] = _sum(mine.get(name, _NO_ENTITIES), counts)
        return self

    @property
    def strict(self) -> Counts:
        """Correct, predicted and gold entities.

        Example:
            >>> tally = Tally()
            >>> tally.types = {"city": Counts(1, 1, 2), "song": Counts(0, 3, 1)}
            >>> tally.strict
            Counts(num_correct=1, num_predicted=4, num_gold=3)
        """
        total = _NO_ENTITIES
        for counts in self.types.values():
            total = _sum(total, counts)
        return total

    def to_row(self, types: Sequence[str]) -> list[int]:
        """All numbers in one row: those of `NAMES`, then three for each scorer and for each of these types.

        Example:
            >>> tally = Tally()
            >>> tally.types = {"city": Counts(1, 2, 4)}
            >>> tally.to_row(["person", "city"])[-6:]
            [0, 0, 0, 1, 2, 4]
        """
        row = [self.totals[name] for name in NAMES]
        of_types = [self.types.get(entity_type, _NO_ENTITIES) for entity_type in types]
        for counts in (*self.official.values(), *of_types):
            row += map(int, counts)
        return row

    @classmethod
    def from_row(cls, row: Iterable[int], types: Sequence[str], scorers: Sequence[str] = DEFAULT_SCORERS) -> Tally:
        """The inverse of `to_row`; types without entities are left out.

        Example:
            >>> row = Tally().to_row(["person", "city"])
            >>> Tally.from_row([*row[:-3], 1, 2, 4], ["person", "city"]).types
            {'city': Counts(num_correct=1, num_predicted=2, num_gold=4)}
        """
        numbers = iter(row)
        tally = cls()
        tally.totals = dict(zip(NAMES, islice(numbers, len(NAMES)), strict=True))
        tally.official, per_type = (
            {name: Counts(*islice(numbers, len(Counts._fields))) for name in names} for names in (scorers, types)
        )
        tally.types = {entity_type: counts for entity_type, counts in per_type.items() if any(counts)}
        return tally

    def scores(self) -> GroupScores:
        """The scores of these sentences.

        Example:
            >>> tally = Tally()
            >>> tally.types = {"city": Counts(1, 1, 1), "song": Counts(0, 0, 9)}
            >>> scores = tally.scores()
            >>> round(scores.strict.f1, 3), scores.f1_macro_types
            (0.182, 0.5)
        """
        strict = score_of(self.strict)
        types = {entity_type: score_of(counts) for entity_type, counts in self.types.items()}
        official = {name: score_of(counts, OFFICIAL_EPSILON) for name, counts in self.official.items()}
        errors = _shares(self._get("errors"), strict.support)
        alignment = self._get("alignment")
        texts = self._get("texts")
        return GroupScores(
            strict=strict,
            official=official,
            types=types,
            f1_macro_types=_mean_f1(types.values()),
            views=self._views(),
            errors=errors,
            alignment=alignment,
            num_sentences=texts["sentences"],
            num_words=texts["words"],
            num_runaways=texts["runaways"],
        )

    def _views(self) -> dict[str, Score]:
        found = {view: Categories(**self._get(view)) for view in VIEWS}
        return {view: score_of(of_view.counts()) for view, of_view in found.items()}


def _mean_f1(scores: Collection[Score]) -> float:
    return sum(score.f1 for score in scores) / len(scores) if scores else 0.0


def _shares(counts: Mapping[str, int], total: int) -> dict[str, float]:
    return {name: count / total if total else 0.0 for name, count in counts.items()}


def _by_type(gold: Sequence[Entity], predicted: Sequence[Entity]) -> dict[str, Counts]:
    """Correct, predicted and gold entities of each type of a sentence."""
    numbers: dict[str, list[int]] = {}
    in_gold = set(gold)
    correct = [entity for entity in predicted if entity in in_gold]
    for place, entities in enumerate((correct, predicted, gold)):
        for entity in entities:
            numbers.setdefault(entity.type, [0] * len(Counts._fields))[place] += 1
    return {entity_type: Counts(*of_type) for entity_type, of_type in numbers.items()}


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(
        one.num_correct + other.num_correct,
        one.num_predicted + other.num_predicted,
        one.num_gold + other.num_gold,
    )


def entity_scores(tallies: Mapping[str, Tally], lists_strings: bool = False) -> EntityScores:
    """Scores of the tallies of datasets, by their names, and of all together; see `GroupScores` for the other.

    Example:
        >>> small, large = Tally(), Tally()
        >>> small.types, large.types = {"city": Counts(1, 1, 1)}, {"city": Counts(0, 9, 9)}
        >>> entity_scores({"small": small, "large": large}).overall.strict  # micro: the large dataset counts for more
        Score(precision=0.1, recall=0.1, f1=0.10000000000000002, support=10)
    """
    whole = Tally(scorers=())
    for tally in tallies.values():
        whole += tally
    overall, *datasets = (tally.scores()._replace(lists_strings=lists_strings) for tally in (whole, *tallies.values()))
    return EntityScores(overall, dict(zip(tallies, datasets, strict=True)))
