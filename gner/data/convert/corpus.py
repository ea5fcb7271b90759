"""The splits of a source, as they are written."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from gner.data.reading.splits import WHOLE, split_of
from gner.errors import UserError
from gner.records import Example


class Split(NamedTuple):
    """One split.

    Attributes:
        part: Its name in the source.
        stem: The name of its file, without suffix.
        examples: Its sentences.
    """

    part: str
    stem: str
    examples: list[Example]


Corpus = list[Split]


def all_examples(corpus: Corpus) -> Iterable[Example]:
    """The sentences of all splits."""
    return chain.from_iterable(split.examples for split in corpus)


def file_stems(parts: Iterable[str]) -> dict[str, str]:
    """The file name of each part, from which readers recognise its split; a source without splits is train.

    Raises:
        UserError: Two parts have the same split.

    Example:
        >>> file_stems(["train", "validation", "unlabelled"])
        {'train': 'train', 'validation': 'dev', 'unlabelled': 'unlabelled'}
        >>> file_stems(["all"])
        {'all': 'train'}
    """
    stems: dict[str, str] = {}
    taken: dict[str, str] = {}
    for part in parts:
        role = "train" if part == WHOLE else split_of(part) or WHOLE
        if role in taken:
            raise UserError(
                f"Expected splits that file names can tell apart, found {taken[role]} and {part}. Convert them one by "
                "one, with --split and a folder for each."
            )
        taken[role] = part
        stems[part] = part if role == WHOLE else role
    return stems


def common_types(corpus: Corpus) -> tuple[str, ...]:
    """The types that all sentences offer, in order.

    Raises:
        UserError: Two sentences offer different ones.
    """
    first: Example | None = None
    for example in all_examples(corpus):
        first = first or example
        if example.types != first.types:
            raise UserError(
                f"{example.source}: expected the types of {first.source}, {_describe(first.types)}, found "
                f"{_describe(example.types)}. This format has one list of types for all sentences: use --to jsonl or "
                "hf, or set --types."
            )
    assert first is not None  # a split without sentences is an error of the reader
    return first.types


def _describe(types: tuple[str, ...]) -> str:
    shown = ", ".join(types[:10])
    return f"{shown} and {len(types) - 10:,} more" if len(types) > 10 else shown
