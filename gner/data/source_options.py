"""The options of a source on the command lines of tools for data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gner.data.annotations.schemes import InvalidTags
from gner.data.annotations.spans import Misaligned
from gner.data.reading.division import parse_split
from gner.data.reading.registry import format_names
from gner.data.reading.source import Source
from gner.errors import UserError
from gner.option_parser import option
from gner.words import SPLITTERS


@dataclass(frozen=True)
class SourceOptions:
    """The options of a source; command lines add their own.

    Attributes:
        path: A file, a folder, or the name of a Hugging Face dataset.
        format: File format; detected by default.
        split: Read only this split; dev=0.1,test=0.1 divides the source.
        words: How to split raw text into words.
        cut: Whether to split texts into sentences; the default depends on the format.
        misaligned: Spans that end within a word.
        scheme: Tagging scheme.
        invalid_tags: Tags that are valid in no scheme.
        subset: Configuration of a Hugging Face dataset.
        types: The types to offer, in this order; TYPE=NAME renames, TYPE= drops.
        columns: Fields with unusual names, such as words=form tags=ner.
        tag_names: Names of tags that are written as numbers, in order.

    Example:
        >>> SourceOptions("news", types=["PER=person", "MISC="]).source().types
        {'PER': 'person', 'MISC': None}
    """

    path: str = option(positional=True, metavar="SOURCE")
    format: str = option("auto", choices=("auto", *format_names()))
    split: str | None = None
    words: str | None = option(None, choices=SPLITTERS)
    cut: Literal["yes", "no"] | None = None
    misaligned: Misaligned = "expand"
    scheme: Literal["auto", "IOB2", "IOB1", "BIOES"] = "auto"
    invalid_tags: InvalidTags = "refuse"
    subset: str | None = None
    types: list[str] | None = option(None, metavar="TYPE")
    columns: list[str] | None = option(None, metavar="WHAT=FIELD")
    tag_names: list[str] | None = option(None, metavar="TAG")

    def source(self) -> Source:
        """The source that these options describe.

        Raises:
            UserError: A pair is not NAME=VALUE.
        """
        named: dict[str, str | int] = dict(_split_pair(text, "--columns") for text in self.columns or [])
        columns = named or None
        cut = None if self.cut is None else self.cut == "yes"
        types, split = _types(self.types), parse_split(self.split)
        return Source(
            path=self.path,
            format=self.format,
            split=split,
            scheme=self.scheme,
            types=types,
            words=self.words,
            cut=cut,
            misaligned=self.misaligned,
            invalid_tags=self.invalid_tags,
            subset=self.subset,
            columns=columns,
            tag_names=self.tag_names,
        )


@dataclass(frozen=True)
class AnswersOptions(SourceOptions):
    """The options of a source that may hold a model's answers.

    Attributes:
        min_score: Leave out sentences with an entity that has a lower score.

    Example:
        >>> AnswersOptions("answers.jsonl", min_score=0.9).source().min_score
        0.9
    """

    min_score: float | None = option(None, metavar="SCORE")

    def source(self) -> Source:
        """The source that these options describe; see the base class."""
        return replace(super().source(), min_score=self.min_score)


def _types(given: list[str] | None) -> list[str] | dict[str, str | None] | None:
    if not given or not any("=" in text for text in given):
        return given
    return {old: new or None for old, new in (_split_pair(text, "--types") for text in given)}


def _split_pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UserError(f"Expected NAME=VALUE, got `{text}`. Set {option}.")
    return name, value
