"""Where examples come from: any file, folder or hub dataset in a known format, with options of its own."""

from __future__ import annotations

import difflib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from gner.bio import SCHEMES
from gner.data.annotations.spans import Misaligned
from gner.data.reading.detect import FormatName
from gner.data.reading.splits import without_split
from gner.errors import UserError
from gner.records import Example

COLUMNS = ("words", "tags", "text", "spans", "start", "end", "type", "types")
"""What `Source.columns` may give names to."""


@dataclass(frozen=True)
class Source:
    """One source of examples.

    Attributes:
        path: A file, a folder, or the name of a dataset of the Hugging Face hub; a folder or file goes first.
        format: What it is; ``auto`` looks into it and says what it found.
        name: Name of the dataset in prompts and metrics; null for the last part of the path, or the one before if the
            last only tells the split, as in ``news/train.json``.
        split: Which split to read; null for the one that is called as this use of the source: train, dev (or valid,
            validation, testa), or test.
        weight: How often each training sentence is seen in an epoch; 0.5 sees one half in an epoch and the other in
            the next.
        max_examples: Most examples, chosen by the seed; None for the data module's limits.
        scheme: How tags are written; null for the data module's.
        types: A list says which types there are and in which order, and refuses others. A mapping renames types; one
            that is mapped to null is dropped, and its entities become O. null takes them from the source.
        words: How raw text is cut into words: treebank, apostrophe, whole or whitespace. null for what the format
            needs: whitespace for InstructUIE, spaCy's own words for DocBin, treebank for all else.
        cut: Whether texts are cut into sentences; null for what the format needs.
        misaligned: What becomes of a span that starts or ends within a word: ``expand`` widens it to whole words,
            ``drop`` leaves it out, ``error`` refuses it. Each is reported.
        subset: Configuration of a hub dataset that has several; of a folder, the folder within.
        columns: Names of fields that are not called as usual, by what they hold: words, tags, text, spans, start, end,
            type, types. For CoNLL the numbers of the columns of words and tags, from 1.
        tag_names: Tags that are written as numbers, in the order of these.
    """

    path: str
    format: Literal["auto"] | FormatName = "auto"
    name: str | None = None
    split: str | None = None
    weight: float = 1.0
    max_examples: int | None = None
    scheme: Literal["auto", "IOB2", "IOB1", "BIOES"] | None = None
    types: list[str] | dict[str, str | None] | None = None
    words: str | None = None
    cut: bool | None = None
    misaligned: Misaligned = "expand"
    subset: str | None = None
    columns: dict[str, str | int] | None = None
    tag_names: list[str] | None = None

    def check(self) -> None:
        """Check values that their types do not; not done at once, as jsonargparse would hide the message.

        Raises:
            UserError: One is wrong.
        """
        if not self.path:
            raise UserError("Expected a file, a folder or a name as `path` of a source, got nothing.")
        if self.weight <= 0:
            raise UserError(f"{self.path}: expected `weight` > 0, got {self.weight}.")
        if self.max_examples is not None and self.max_examples < 1:
            raise UserError(f"{self.path}: expected `max_examples` >= 1, got {self.max_examples}.")
        if self.format not in ("auto", *get_args(FormatName)):
            raise UserError(
                f"{self.path}: expected `format` to be auto, {', '.join(get_args(FormatName))}; got {self.format}."
            )
        if self.misaligned not in get_args(Misaligned):
            raise UserError(
                f"{self.path}: expected `misaligned` to be {', '.join(get_args(Misaligned))}; got {self.misaligned}."
            )
        if self.scheme not in (None, "auto", *SCHEMES):
            raise UserError(f"{self.path}: expected `scheme` to be auto, {', '.join(SCHEMES)}; got {self.scheme}.")
        self._check_lists()

    def _check_lists(self) -> None:
        for key in self.columns or ():
            if key not in COLUMNS:
                close = difflib.get_close_matches(key, COLUMNS, n=1)
                hint = f" Did you mean `{close[0]}`?" if close else ""
                raise UserError(f"{self.path}: expected `columns` of {', '.join(COLUMNS)}; got `{key}`.{hint}")
        if isinstance(self.types, list) and (len(set(self.types)) < len(self.types) or not self.types):
            raise UserError(f"{self.path}: expected `types` to list each type once, got {self.types}.")

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
    """At most ``max_examples``, in their order."""
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
