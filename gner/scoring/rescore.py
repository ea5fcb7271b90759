"""Scores of texts that were written earlier, by this framework or another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.postprocess import AnyAligner, PostProcessor
from gner.errors import UserError
from gner.prompting import DefaultFormat, Format
from gner.prompting.serialize import from_config
from gner.prompting.tagged_prediction import tagged_prediction
from gner.records import Counts, Prediction
from gner.scoring.prediction_file import Row
from gner.scoring.results import EntityScores
from gner.scoring.tally import Tally, entity_scores

_CHUNK = 2000  # sentences whose words are back-tokenized at once


class Rescored(NamedTuple):
    """A row of a prediction file, and what its texts say.

    Attributes:
        row: The row.
        prediction: Read with the format of the row.
        official_tags: Tags of the format's released scorer, before any repair.
        format: The format of the row.

    Example:
        >>> from gner.scoring.prediction_file import read_rows
        >>> instance = {"words": ["Ada"], "labels": ["B-person"]}
        >>> theirs = {"dataset": "toy", "label_list": ["person"], "instance": instance, "prediction": "Ada(I-person)"}
        >>> [rescored] = Rescorer("official")(read_rows([json.dumps(theirs).encode()], "theirs.jsonl"))
        >>> rescored.official_tags, rescored.prediction.tags
        (('I-person',), ('B-person',))
    """

    row: Row
    prediction: Prediction
    official_tags: tuple[str, ...]
    format: Format

    @property
    def shown_text(self) -> str:
        """What was written, for people: each of several texts on a line of its own, after the types it was asked for.

        Example:
            >>> from gner.records import AlignmentReport, Example
            >>> example = Example(("Ada",), ("O",), ("person",), "toy", "0")
            >>> row = Row(example, ["Ada(O)"], True, {})
            >>> Rescored(row, Prediction(("O",), (), AlignmentReport()), (), DefaultFormat()).shown_text
            'Ada(O)'
        """
        texts = self.row.texts
        grammars = self.format.grammars(self.row.example) if len(texts) > 1 else None
        if grammars is None:
            return "\n".join(texts)
        asked = [", ".join(dict.fromkeys(item.type for item in grammar.items)) for grammar in grammars]
        return "\n".join(f"{types}: {text}" for types, text in zip(asked, texts, strict=True))


class _Reader(NamedTuple):
    """How the rows of a format are read."""

    format: Format
    postprocess: PostProcessor


class Rescorer:
    """Reads texts in the format that their row names, and counts.

    Args:
        aligner: Where tags come from; see `PostProcessor`.
        back_tokenizer: How source words look when the model writes them; None if that is unknown.
        format: Of rows that name none, and the only one that others may name, with whatever options; None for the
            default one.

    Attributes:
        strict_counts: For each dataset, the correct, predicted and gold entities of each sentence.
        official_counts: The same for each scorer of the format, by its name.

    Example:
        >>> from gner.scoring.prediction_file import read_rows
        >>> instance = {"words": ["Ada", "slept"], "labels": ["B-person", "O"]}
        >>> theirs = {"dataset": "toy", "label_list": ["person"], "instance": instance, "prediction": "Ada(B-person)"}
        >>> rescore = Rescorer()
        >>> [rescored] = rescore(read_rows([json.dumps(theirs).encode()], "theirs.jsonl"))
        >>> rescored.prediction.tags, rescored.prediction.report.omissions, rescore.scores().overall.strict.f1
        (('B-person', 'O'), 1, 1.0)
    """

    def __init__(
        self,
        aligner: AnyAligner = "robust",
        back_tokenizer: BackTokenizer | None = None,
        format: Format | None = None,
    ) -> None:
        self._aligner: AnyAligner = aligner
        self._back_tokenizer = back_tokenizer
        self._format = format
        self._readers: dict[str, _Reader] = {}
        self._tallies: dict[str, Tally] = {}
        self.strict_counts: dict[str, list[Counts]] = {}
        self.official_counts: dict[str, dict[str, list[Counts]]] = {}

    def __call__(self, rows: Iterable[Row]) -> Iterator[Rescored]:
        """Count rows, and give each with its prediction.

        Raises:
            UserError: A row has a format that is not known or not the one asked for, or formats have different official
                scorers.
        """
        rows = iter(rows)
        while chunk := list(islice(rows, _CHUNK)):
            if self._back_tokenizer is not None:
                self._back_tokenizer.learn(_lower_words(chunk))
            for row in chunk:
                yield self._rescore(row)

    def _rescore(self, row: Row) -> Rescored:
        reader = self._reader(row.format, row.example.source)
        prediction = self._read(row, reader)
        tally = Tally.of(row.example, prediction, row.finished, reader.format.scorers)
        self._count(row.example.dataset, tally)
        if self._aligner != "official" or row.entities is not None:
            return Rescored(row, prediction, (), reader.format)
        official_tags = reader.postprocess.read_official(row.example, row.texts).tags
        return Rescored(row, prediction, official_tags, reader.format)

    def _read(self, row: Row, reader: _Reader) -> Prediction:
        """What a row says: its texts, or the entities of a system that wrote none."""
        if row.entities is not None:
            return tagged_prediction(row.example, row.entities, reader.format)
        self._check_texts(row, reader.format)
        return reader.postprocess(row.example, row.texts)

    def _check_texts(self, row: Row, format: Format) -> None:
        expected = format.num_queries(row.example)
        if len(row.texts) == expected:
            return
        name = type(format).__name__
        texts = "1 text" if expected == 1 else f"{expected} texts"
        hint = (
            "" if row.format or self._format else f" A row without `format` is read as {name}'s, unless --format says."
        )
        raise UserError(
            f"{row.example.source}: expected {texts} in `prediction`, one for each query of the format {name}, found "
            f"{len(row.texts)}.{hint}"
        )

    def _reader(self, config: dict[str, Any] | None, place: str) -> _Reader:
        key = json.dumps(config, sort_keys=True)
        if key not in self._readers:
            format = self._format_of(config, place)
            for earlier in self._readers.values():
                _check_scorers(earlier.format, format, place)
            self._readers[key] = _Reader(format, PostProcessor(format, self._back_tokenizer, self._aligner))
        return self._readers[key]

    def _format_of(self, config: dict[str, Any] | None, place: str) -> Format:
        if config is None:
            return self._format or DefaultFormat()
        named = from_config(config, place)
        if self._format is not None and type(named) is not type(self._format):
            raise UserError(
                f"{place}: expected a row of the format {type(self._format).__name__}, as --format says, found one of "
                f"{type(named).__name__}. Leave out --format to read each row in its own format."
            )
        return named

    def _count(self, dataset: str, tally: Tally) -> None:
        self.strict_counts.setdefault(dataset, []).append(tally.strict)
        for scorer, counts in tally.official.items():
            self.official_counts.setdefault(scorer, {}).setdefault(dataset, []).append(counts)
        self._tallies.setdefault(dataset, Tally(scorers=()))
        self._tallies[dataset] += tally

    def scores(self) -> EntityScores:
        """Scores of all rows so far.

        Example:
            >>> from gner.records import Example
            >>> rescore, example = Rescorer(), Example(("Ada",), ("B-person",), ("person",), "toy", "0")
            >>> for text in ("Ada(B-person)", "Ada(O)"):
            ...     _ = list(rescore([Row(example, [text], True, {})]))
            >>> rescore.scores().overall.strict.recall
            0.5
        """
        lists_strings = any(reader.format.lists_strings for reader in self._readers.values())
        return entity_scores(self._tallies, lists_strings)


def _check_scorers(earlier: Format, format: Format, place: str) -> None:
    if format.scorers != earlier.scorers:
        raise UserError(
            f"{place}: expected rows that one official scorer counts, found some for {earlier.scorer} and some for "
            f"{format.scorer}. Score the files of each format by themselves."
        )


def _lower_words(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield from (word.lower() for word in row.example.words)
