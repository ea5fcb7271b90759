"""Scores of texts that were written earlier, by this framework or another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.postprocess import AlignerName, PostProcessor
from gner.prompting import DefaultFormat
from gner.records import Prediction
from gner.scoring import Counts, EntityScores, Tally, entity_scores
from gner.scoring.prediction_file import Row

_CHUNK = 2000  # sentences whose words are back-tokenized at once


class Rescored(NamedTuple):
    """A row of a prediction file, and what its text says."""

    row: Row
    prediction: Prediction


class Rescorer:
    """Reads texts in the default format, and counts.

    Args:
        aligner: Where tags come from; see `PostProcessor`.
        back_tokenizer: How source words look when the model writes them; null if that is unknown.

    Attributes:
        strict_counts: For each data set, the correct, predicted and gold entities of each sentence.
        official_counts: The same for the official score.
    """

    def __init__(self, aligner: AlignerName = "robust", back_tokenizer: BackTokenizer | None = None) -> None:
        self._back_tokenizer = back_tokenizer
        self._postprocess = PostProcessor(DefaultFormat(), back_tokenizer, aligner)
        self._tallies: dict[str, Tally] = {}
        self.strict_counts: dict[str, list[Counts]] = {}
        self.official_counts: dict[str, list[Counts]] = {}

    def __call__(self, rows: Iterable[Row]) -> Iterator[Rescored]:
        """Count rows, and give each with its prediction."""
        rows = iter(rows)
        while chunk := list(islice(rows, _CHUNK)):
            if self._back_tokenizer is not None:
                self._back_tokenizer.learn(word.lower() for row in chunk for word in row.example.words)
            for row in chunk:
                prediction = self._postprocess(row.example, row.text)
                self._count(row.example.dataset, Tally.of(row.example, prediction, row.finished))
                yield Rescored(row, prediction)

    def _count(self, dataset: str, tally: Tally) -> None:
        self.strict_counts.setdefault(dataset, []).append(tally.strict)
        self.official_counts.setdefault(dataset, []).append(tally.official)
        self._tallies.setdefault(dataset, Tally())
        self._tallies[dataset] += tally

    def scores(self) -> EntityScores:
        """Scores of all rows so far."""
        return entity_scores(self._tallies)
