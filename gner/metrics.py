"""Entity F1, counted in integers.

Two scores. **Strict**: a predicted entity is right if its first word, last word and type are; every mention counts.
**Official**: the released GNER scorer (after UniversalNER); entities are normalised texts with a type, a pair counts
once per sentence, and positions do not matter.

0/0 is 0 in precision, recall and F1.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric

from gner.bio import lenient_spans, to_entities
from gner.types import AlignmentReport, Example, Prediction

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_REPORT_FIELDS = [field.name for field in fields(AlignmentReport)]
_OFFICIAL_EPSILON = 1e-10  # in the denominators of the released scorer


class Counts(NamedTuple):
    """What precision, recall and F1 are made of."""

    num_correct: int
    num_predicted: int
    num_gold: int


class Score(NamedTuple):
    """Precision, recall and F1 in [0, 1], and how many gold entities there are."""

    precision: float
    recall: float
    f1: float
    support: int


def score_of(counts: Counts, epsilon: float = 0.0) -> Score:
    """Precision, recall and F1 of counts.

    Args:
        counts: What was counted.
        epsilon: Added to every denominator, as the released scorer does. With 0, a quotient of zeros is 0.

    Example:
        >>> score_of(Counts(1, 2, 4))
        Score(precision=0.5, recall=0.25, f1=0.3333333333333333, support=4)
    """

    def ratio(part: float, whole: float) -> float:
        """The quotient; 0 where there is nothing to divide by."""
        return part / (whole + epsilon) if whole + epsilon else 0.0

    precision = ratio(counts.num_correct, counts.num_predicted)
    recall = ratio(counts.num_correct, counts.num_gold)
    return Score(precision, recall, ratio(2 * precision * recall, precision + recall), counts.num_gold)


def normalise(text: str) -> str:
    """Lower-case, and drop ASCII punctuation, articles and surplus white space, as the released scorer does.

    Example:
        >>> normalise("The  U.S. Open")
        'us open'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def official_pairs(words: Sequence[str], tags: Sequence[str]) -> list[tuple[str, str]]:
    """The distinct (normalised text, normalised type) pairs of a sentence, as the released scorer reads tags."""
    pairs = ((normalise(" ".join(words[span.start : span.end])), normalise(span.type)) for span in lenient_spans(tags))
    return list(dict.fromkeys(pairs))


class DatasetScores(NamedTuple):
    """The two scores of one data set."""

    strict: Score
    official: Score


class EntityScores(NamedTuple):
    """All results of `EntityF1`.

    Attributes:
        strict: Over all entities of all data sets (micro).
        official: The same for the official score.
        datasets: Each data set by itself.
        types: The strict score of each entity type, over all data sets.
        alignment: The sums of the fields of `AlignmentReport`.
        num_words: Source words.
        num_runaways: Generations that were cut before they ended.
    """

    strict: Score
    official: Score
    datasets: dict[str, DatasetScores]
    types: dict[str, Score]
    alignment: dict[str, int]
    num_words: int
    num_runaways: int

    def scalars(self) -> dict[str, float]:
        """Results by the names under which they are logged, without the stage.

        ``f1``, ``precision``, ``recall`` are strict, with ``_gner`` official, with ``_macro`` the unweighted mean over
        data sets. Alignment counts are per 1,000 source words.
        """
        named = _named(self.strict, self.official)
        for dataset, scores in self.datasets.items():
            named |= {f"{dataset}/{name}": value for name, value in _named(scores.strict, scores.official).items()}
        for name in list(_named(self.strict, self.official)):
            values = [named[f"{dataset}/{name}"] for dataset in self.datasets]
            named[f"{name}_macro"] = sum(values) / len(values) if values else 0.0
        per_thousand = 1000 / self.num_words if self.num_words else 0.0
        named |= {name: count * per_thousand for name, count in self.alignment.items()}
        return {**named, "runaways": float(self.num_runaways)}


def _named(strict: Score, official: Score) -> dict[str, float]:
    names = ("f1", "precision", "recall")
    return {name: getattr(strict, name) for name in names} | {f"{name}_gner": getattr(official, name) for name in names}


class EntityF1(Metric):
    """Strict and official entity scores, over all data sets and for each.

    Its states are integers that add up, so any number of processes gives the same result to the last bit.

    Args:
        types: The entity types of each data set.
    """

    full_state_update = False
    strict: Tensor
    official: Tensor
    alignment: Tensor

    def __init__(self, types: Mapping[str, Iterable[str]]) -> None:
        super().__init__()
        self._datasets = {name: row for row, name in enumerate(types)}
        distinct = dict.fromkeys(entity_type for of_dataset in types.values() for entity_type in of_dataset)
        self._types = {name: column for column, name in enumerate(distinct)}
        num_counts = len(Counts._fields)
        shapes = {
            "strict": (len(self._datasets), len(self._types), num_counts),
            "official": (len(self._datasets), num_counts),
            "alignment": (len(_REPORT_FIELDS) + 2,),  # and words, and runaways
        }
        for name, shape in shapes.items():
            self.add_state(name, torch.zeros(shape, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, example: Example, prediction: Prediction, finished: bool = True) -> None:
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
        row = self._datasets[example.dataset]
        gold, predicted = set(to_entities(example.tags)), set(to_entities(prediction.tags))
        strict = torch.zeros(self.strict.shape[1:], dtype=torch.long)
        for column, entities in enumerate((gold & predicted, predicted, gold)):
            for entity in entities:
                strict[self._types[entity.type], column] += 1
        self.strict[row] += strict.to(self.strict.device)
        gold_pairs = official_pairs(example.words, example.tags)
        pairs = official_pairs(example.words, prediction.aligned_tags)
        correct = len(set(gold_pairs) & set(pairs))
        self.official[row] += self.official.new_tensor([correct, len(pairs), len(gold_pairs)])
        counts = [*astuple(prediction.report), len(example.words), not finished]
        self.alignment += self.alignment.new_tensor(counts)

    def compute(self) -> EntityScores:
        """Scores of all sentences of all processes."""
        datasets = {
            name: DatasetScores(_score(self.strict[row].sum(0)), _score(self.official[row], _OFFICIAL_EPSILON))
            for name, row in self._datasets.items()
        }
        *report, num_words, num_runaways = self.alignment.tolist()
        return EntityScores(
            strict=_score(self.strict.sum((0, 1))),
            official=_score(self.official.sum(0), _OFFICIAL_EPSILON),
            datasets=datasets,
            types={name: _score(self.strict[:, column].sum(0)) for name, column in self._types.items()},
            alignment=dict(zip(_REPORT_FIELDS, report, strict=True)),
            num_words=num_words,
            num_runaways=num_runaways,
        )


def _score(counts: Tensor, epsilon: float = 0.0) -> Score:
    return score_of(Counts(*counts.tolist()), epsilon)
