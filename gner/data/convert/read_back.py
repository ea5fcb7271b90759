"""Reads written files and compares, so that no format loses anything of a corpus unnoticed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gner.data.convert.corpus import Corpus, Split
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.data.reading.splits import WHOLE, split_of
from gner.errors import UserError
from gner.records import Example

_ADVICE = "Use --to jsonl or hf, which hold any sentence."


def check_same(folder: Path, corpus: Corpus, names: Sequence[str]) -> None:
    """Check that reading the files of a corpus gives the same words, tags, types and ids.

    Args:
        folder: Where the files are.
        corpus: What they were written from.
        names: The file of each split.

    Raises:
        UserError: Something differs, or a file cannot be read.
    """
    try:
        reader = SourceReader(Source(str(folder)))
        found = [reader.read(split_of(name) or WHOLE) for name in names]
    except UserError as error:
        raise UserError(f"Expected to read what was written, but it cannot be read: {error} {_ADVICE}") from error
    for split, examples in zip(corpus, found, strict=True):
        _check_split(split, examples)


def _check_split(split: Split, read: Sequence[Example]) -> None:
    for before, after in zip(split.examples, read, strict=False):
        if _essence(before) != _essence(after):
            raise UserError(f"{before.source}: {_describe(before, after)} {_ADVICE}")
    num_written = len(split.examples)
    if num_written != len(read):
        place = split.examples[-1].source
        what = f"{num_written:,} sentences of {split.part} that were written"
        raise UserError(f"{place}: expected to read {what}, found {len(read):,}. {_ADVICE}")


def _essence(example: Example) -> tuple[object, ...]:
    return example.words, example.tags, example.types, example.id


def _describe(before: Example, after: Example) -> str:
    """What differs first."""
    pairs = {
        "word": (before.words, after.words),
        "tag": (before.tags, after.tags),
        "type": (before.types, after.types),
    }
    for name, (written, read) in pairs.items():
        for position, one in enumerate(written):
            other = read[position] if position < len(read) else "nothing"
            if one != other:
                return f"expected to read the {name} {one!r} that was written, found {other!r}."
    return f"expected {len(before.words)} words and {len(before.types)} types, found more when reading them again."
