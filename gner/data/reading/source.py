"""A data source in the config: any file, folder or hub dataset in a supported format, with its options."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from gner.bio import SCHEMES
from gner.data.annotations.schemes import InvalidTags
from gner.data.annotations.spans import Misaligned
from gner.data.reading.division import check_shares
from gner.data.reading.registry import format_names
from gner.data.reading.split_names import without_split
from gner.errors import UserError, did_you_mean
from gner.records import Example

COLUMNS = ("words", "tags", "text", "spans", "start", "end", "type", "types", "sentences")
"""Keys of `Source.columns`."""


@dataclass(frozen=True)
class Source:
    """One source of examples.

    Attributes:
        path: A file, a folder, or the name of a dataset of the Hugging Face hub; an existing file or folder wins.
        format: Name of the file format; ``auto`` detects and logs it.
        name: Name of the dataset in prompts and metrics; null for the last part of the path, or the one before if the
            last is only a split, as in ``news/train.json``.
        split: Split to read, or ``all`` for all files; null for the split that the run needs: train, dev or test.
            Fractions such as ``{dev: 0.1, test: 0.1}`` divide the sentences of a source without splits, or else those
            of its train split.
        weight: How often each training sentence is seen in an epoch; 0.5 sees one half in an epoch and the other half
            in the next.
        min_score: For a model's answers: sentences with an entity whose ``score`` is lower are left out, and reported;
            null keeps all. Entities without a score are sure.
        max_examples: Most examples to use, selected by the seed; null for the data module's limits.
        scheme: Tagging scheme; null for the data module's.
        types: A list gives the types and their order, and other types are an error. A mapping renames types; one that
            is mapped to null is dropped, and its entities become O. null takes them from the source.
        descriptions: What types mean, by the names that they have in the end; for prompts that describe types.
        words: How to split raw text into words: treebank, apostrophe, whole or whitespace. null for the format's
            default: whitespace for InstructUIE, spaCy's own words for DocBin, treebank otherwise.
        cut: Whether to split texts into sentences; null for the format's default.
        misaligned: What to do with spans that start or end within a word: ``expand`` widens them to whole words,
            ``drop`` leaves them out, ``error`` raises. Each is reported.
        invalid_tags: What to do with tags that are valid in no scheme: ``refuse`` raises; ``repair`` reads an ``I-``
            that continues no entity of its type as ``B-``, as in predictions, and reports each.
        subset: Configuration of a hub dataset that has several; for a folder, the subfolder.
        columns: Fields with unusual names, by what they hold: words, tags, text, spans, start, end, type, types, and
            sentences for the numbers of sentences in CSV. For CoNLL the numbers of the columns of words and tags, from
            1.
        tag_names: Names of tags that are written as numbers, in the order of the numbers.
    """

    path: str
    format: str = "auto"
    name: str | None = None
    split: str | dict[str, float] | None = None
    weight: float = 1.0
    min_score: float | None = None
    max_examples: int | None = None
    scheme: Literal["auto", "IOB2", "IOB1", "BIOES"] | None = None
    types: list[str] | dict[str, str | None] | None = None
    descriptions: dict[str, str] | None = None
    words: str | None = None
    cut: bool | None = None
    misaligned: Misaligned = "expand"
    invalid_tags: InvalidTags = "refuse"
    subset: str | None = None
    columns: dict[str, str | int] | None = None
    tag_names: list[str] | None = None

    def check(self) -> None:
        """Check what the types do not; not in ``__post_init__``, as jsonargparse would hide the message.

        Raises:
            UserError: A value is invalid.
        """
        if not self.path:
            raise UserError("Expected a file, a folder or a hub name as `path` of a source, got nothing.")
        if self.weight <= 0:
            raise UserError(f"{self.path}: expected `weight` > 0, got {self.weight}.")
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise UserError(f"{self.path}: expected `min_score` from 0 to 1, got {self.min_score}.")
        if self.max_examples is not None and self.max_examples < 1:
            raise UserError(f"{self.path}: expected `max_examples` >= 1, got {self.max_examples}.")
        self._check_choice("format", self.format, ("auto", *format_names()))
        self._check_choice("invalid_tags", self.invalid_tags, get_args(InvalidTags))
        self._check_choice("misaligned", self.misaligned, get_args(Misaligned))
        self._check_choice("scheme", self.scheme or "auto", ("auto", *SCHEMES))
        if isinstance(self.split, dict):
            check_shares(self.path, self.split)
        self._check_lists()

    def _check_choice(self, key: str, value: str, choices: Sequence[str]) -> None:
        if value not in choices:
            hint = did_you_mean(value, choices)
            raise UserError(f"{self.path}: expected `{key}` to be {', '.join(choices)}; got `{value}`.{hint}")

    def _check_lists(self) -> None:
        for key in self.columns or ():
            if key not in COLUMNS:
                hint = did_you_mean(key, COLUMNS)
                raise UserError(f"{self.path}: expected `columns` of {', '.join(COLUMNS)}; got `{key}`.{hint}")
        if isinstance(self.types, list) and (len(set(self.types)) < len(self.types) or not self.types):
            raise UserError(f"{self.path}: expected `types` to list each type once, got {self.types}.")

    @property
    def content_key(self) -> str:
        """The same for sources that read the same, of which a run may use other numbers of sentences."""
        return repr(replace(self, weight=1.0, max_examples=None))

    @property
    def dataset(self) -> str:
        """Name of the dataset in prompts and metrics."""
        if self.name is not None:
            return self.name
        path = Path(self.path)
        if path.is_dir():
            return path.resolve().name
        stem = without_split(path.stem if path.is_file() else path.name)
        return stem or path.resolve().parent.name


def choose_examples(examples: list[Example], limit: int | None, seed: str) -> list[Example]:
    """Up to ``limit`` examples, selected by the seed, in their order."""
    if limit is None or len(examples) <= limit:
        return examples
    chosen = random.Random(seed).sample(range(len(examples)), limit)
    return [examples[index] for index in sorted(chosen)]


def union_of_types(examples: Sequence[Example]) -> dict[str, tuple[str, ...]]:
    """All types of each dataset, in order of first appearance."""
    seen: dict[str, set[tuple[str, ...]]] = {}
    union: dict[str, dict[str, None]] = {}
    for example in examples:
        lists = seen.setdefault(example.dataset, set())
        if example.types not in lists:
            lists.add(example.types)
            union.setdefault(example.dataset, {}).update(dict.fromkeys(example.types))
    return {dataset: tuple(types) for dataset, types in union.items()}
