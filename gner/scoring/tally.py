"""Counts of sentences as rows of integers, which any number of processes can add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import chain, islice, repeat, zip_longest

from gner.bio import to_entities
from gner.scoring.counts import OFFICIAL_EPSILON, Counts, score_of
from gner.scoring.official import official_pairs
from gner.scoring.partial import VIEWS, Categories, GoldErrors, categories, gold_errors
from gner.scoring.results import EntityScores, GroupScores
from gner.types import AlignmentReport, Entity, Example, Prediction

_REPORT_FIELDS = [field.name for field in fields(AlignmentReport)]


class Tally:
    """How sentences are counted: one row of integers for each, with one meaning per column.

    Rows add up: the sum of a data set's rows gives that data set's scores.

    Args:
        types: The entity types that have columns; `add_types` adds more on the right.
    """

    def __init__(self, types: Iterable[str] = ()) -> None:
        self._types: dict[str, int] = {}
        self.add_types(types)

    def add_types(self, types: Iterable[str]) -> None:
        """Give columns to types that have none; earlier rows are shorter, which is as good as zeros."""
        for entity_type in types:
            self._types.setdefault(entity_type, len(self._types))

    @property
    def width(self) -> int:
        """Columns of a row."""
        per_type, per_view = len(Counts._fields), len(Categories._fields)
        others = len(Counts._fields) + len(GoldErrors._fields) + len(_REPORT_FIELDS) + 3
        return others + per_view * len(VIEWS) + per_type * len(self._types)

    def row(self, example: Example, prediction: Prediction, finished: bool = True) -> list[int]:
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
        return [
            *(len(set(gold_pairs) & set(pairs)), len(pairs), len(gold_pairs)),
            *(number for view in VIEWS for number in categories(view, gold, predicted)),
            *gold_errors(gold, predicted),
            *(getattr(prediction.report, name) for name in _REPORT_FIELDS),
            *(1, len(example.words), int(not finished)),
            *self._per_type(gold, predicted),
        ]

    def _per_type(self, gold: Sequence[Entity], predicted: Sequence[Entity]) -> list[int]:
        width = len(Counts._fields)
        numbers = [0] * (width * len(self._types))
        both = set(gold) & set(predicted)
        for offset, entities in enumerate((both, predicted, gold)):
            for entity in entities:
                numbers[width * self._types[entity.type] + offset] += 1
        return numbers

    @staticmethod
    def official_counts(row: Sequence[int]) -> Sequence[int]:
        """The columns of the official score: correct, predicted and gold."""
        return row[: len(Counts._fields)]

    def scores(self, rows: Mapping[str, Sequence[int]]) -> EntityScores:
        """Scores from the summed rows of each data set."""
        return EntityScores(
            self._group(add_rows(rows.values())), {name: self._group(row) for name, row in rows.items()}
        )

    def _group(self, row: Sequence[int]) -> GroupScores:
        numbers = chain(row, repeat(0, self.width - len(row)))
        official = Counts(*islice(numbers, len(Counts._fields)))
        views = {view: Categories(*islice(numbers, len(Categories._fields))) for view in VIEWS}
        errors = GoldErrors(*islice(numbers, len(GoldErrors._fields)))
        alignment = {name: next(numbers) for name in _REPORT_FIELDS}
        num_sentences, num_words, num_runaways = islice(numbers, 3)
        per_type = {name: Counts(*islice(numbers, len(Counts._fields))) for name in self._types}
        types = {name: score_of(counts) for name, counts in per_type.items() if counts.num_predicted or counts.num_gold}
        strict = score_of(Counts(*map(sum, zip(*per_type.values(), strict=True))) if per_type else Counts(0, 0, 0))
        return GroupScores(
            strict=strict,
            official=score_of(official, OFFICIAL_EPSILON),
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


def add_rows(rows: Iterable[Sequence[int]]) -> list[int]:
    """The sum of rows, as long as the longest."""
    return [sum(column) for column in zip_longest(*rows, fillvalue=0)]
