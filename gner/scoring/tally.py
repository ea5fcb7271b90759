"""Integer counts of sentences, which any number of processes can add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import islice

from gner.bio import to_entities
from gner.records import AlignmentReport, Example, Prediction
from gner.scoring.counts import OFFICIAL_EPSILON, Counts, score_of
from gner.scoring.official_pairs import official_pairs
from gner.scoring.partial import VIEWS, Categories, GoldErrors, categories, gold_errors
from gner.scoring.results import EntityScores, GroupScores

_REPORT_FIELDS = [field.name for field in fields(AlignmentReport)]
_PER_TYPE = len(Counts._fields)
NUM_TOTALS = _PER_TYPE + len(Categories._fields) * len(VIEWS) + len(GoldErrors._fields) + len(_REPORT_FIELDS) + 3


class Tally:
    """What is counted in some sentences; tallies add up.

    Attributes:
        totals: `NUM_TOTALS` numbers, in the order in which `scores` reads them.
        types: Correct, predicted and gold entities of each type that occurs.
    """

    def __init__(self) -> None:
        self.totals = [0] * NUM_TOTALS
        self.types: dict[str, list[int]] = {}

    @classmethod
    def of(cls, example: Example, prediction: Prediction, finished: bool = True) -> Tally:
        """Count one sentence.

        Args:
            example: Its words and gold tags.
            prediction: Tags for the same words.
            finished: False if the generation was cut.

        Raises:
            ValueError: The prediction is for another number of words.
        """
        if len(prediction.tags) != len(example.words):
            raise ValueError(f"Expected {len(example.words)} tags, got {len(prediction.tags)}.")
        gold, predicted = to_entities(example.tags), to_entities(prediction.tags)
        gold_pairs = official_pairs(example.words, example.tags)
        pairs = official_pairs(example.words, prediction.official_tags)
        tally = cls()
        tally.totals = [
            *(len(set(gold_pairs) & set(pairs)), len(pairs), len(gold_pairs)),
            *(number for view in VIEWS for number in categories(view, gold, predicted)),
            *gold_errors(gold, predicted),
            *(getattr(prediction.report, name) for name in _REPORT_FIELDS),
            *(1, len(example.words), int(not finished)),
        ]
        for place, entities in enumerate((set(gold) & set(predicted), predicted, gold)):
            for entity in entities:
                tally.types.setdefault(entity.type, [0] * _PER_TYPE)[place] += 1
        return tally

    def __iadd__(self, other: Tally) -> Tally:
        self.totals = [one + more for one, more in zip(self.totals, other.totals, strict=True)]
        for name, counts in other.types.items():
            before = self.types.get(name, [0] * _PER_TYPE)
            self.types[name] = [one + more for one, more in zip(before, counts, strict=True)]
        return self

    @property
    def strict(self) -> Counts:
        """Correct, predicted and gold entities."""
        return Counts(*map(sum, zip(*self.types.values(), strict=True))) if self.types else Counts(0, 0, 0)

    @property
    def official(self) -> Counts:
        """The same of the official score."""
        return Counts(*self.totals[:_PER_TYPE])

    def to_row(self, types: Sequence[str]) -> list[int]:
        """All numbers in one row: the totals, and `NUM_TOTALS` on, three for each of these types."""
        return [*self.totals, *(number for name in types for number in self.types.get(name, [0] * _PER_TYPE))]

    @classmethod
    def from_row(cls, row: Iterable[int], types: Sequence[str]) -> Tally:
        """The inverse of `to_row`; types without entities are left out."""
        numbers = iter(row)
        tally = cls()
        tally.totals = list(islice(numbers, NUM_TOTALS))
        per_type = {name: list(islice(numbers, _PER_TYPE)) for name in types}
        tally.types = {name: counts for name, counts in per_type.items() if any(counts)}
        return tally

    def scores(self) -> GroupScores:
        """The scores of these sentences."""
        numbers = iter(self.totals[_PER_TYPE:])
        views = {view: Categories(*islice(numbers, len(Categories._fields))) for view in VIEWS}
        errors = GoldErrors(*islice(numbers, len(GoldErrors._fields)))
        alignment = {name: next(numbers) for name in _REPORT_FIELDS}
        num_sentences, num_words, num_runaways = numbers
        strict = score_of(self.strict)
        types = {name: score_of(Counts(*counts)) for name, counts in self.types.items()}
        return GroupScores(
            strict=strict,
            official=score_of(self.official, OFFICIAL_EPSILON),
            types=types,
            f1_macro_types=sum(score.f1 for score in types.values()) / len(types) if types else 0.0,
            views={view: score_of(found.counts()) for view, found in views.items()},
            errors={
                name: count / strict.support if strict.support else 0.0 for name, count in errors._asdict().items()
            },
            alignment=alignment,
            num_sentences=num_sentences,
            num_words=num_words,
            num_runaways=num_runaways,
        )


def entity_scores(tallies: Mapping[str, Tally]) -> EntityScores:
    """Scores of the tallies of data sets, and of all together."""
    whole = Tally()
    for tally in tallies.values():
        whole += tally
    return EntityScores(whole.scores(), {name: tally.scores() for name, tally in tallies.items()})
