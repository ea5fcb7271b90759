"""Scores of texts that were written earlier, by this framework or another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from gner.bio import to_entities
from gner.decoding.back_tokenize import BackTokenizer
from gner.decoding.postprocess import AlignerName, PostProcessor
from gner.formats import DefaultFormat
from gner.scoring import EntityScores, Tally
from gner.scoring.rows import Row
from gner.scoring.tally import add_rows
from gner.types import Prediction

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
        self._tally = Tally()
        self._sums: dict[str, list[int]] = {}
        self.strict_counts: dict[str, list[Sequence[int]]] = {}
        self.official_counts: dict[str, list[Sequence[int]]] = {}

    def __call__(self, rows: Iterable[Row]) -> Iterator[Rescored]:
        """Count rows, and give each with its prediction."""
        rows = iter(rows)
        while chunk := list(islice(rows, _CHUNK)):
            if self._back_tokenizer is not None:
                self._back_tokenizer.learn(word.lower() for row in chunk for word in row.example.words)
            for row in chunk:
                prediction = self._postprocess(row.example, row.text)
                self._count(row, prediction)
                yield Rescored(row, prediction)

    def _count(self, row: Row, prediction: Prediction) -> None:
        example = row.example
        gold = to_entities(example.tags)
        self._tally.add_types([*example.types, *(entity.type for entity in gold)])
        counted = self._tally.row(example, prediction, row.finished)
        self._sums[example.dataset] = add_rows([self._sums.get(example.dataset, []), counted])
        strict = [len(set(gold) & set(prediction.entities)), len(prediction.entities), len(gold)]
        self.strict_counts.setdefault(example.dataset, []).append(strict)
        self.official_counts.setdefault(example.dataset, []).append(self._tally.official_counts(counted))

    def scores(self) -> EntityScores:
        """Scores of all rows so far."""
        return self._tally.scores(self._sums)
