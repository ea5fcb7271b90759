"""Reads a source: detects its format and splits, decides which types it offers, and makes examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Literal

from lightning.pytorch.utilities.rank_zero import rank_zero_info, rank_zero_warn

from gner.bio import Scheme
from gner.data.annotations.flatten import to_sentences
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Options, Sentence, Tagged, Text
from gner.data.reading.detect import check_same_format, open_source
from gner.data.reading.label_files import types_of_tags
from gner.data.reading.label_sets import (
    OPEN_TYPES,
    check_types,
    common_types,
    count_types,
    offered_types,
    with_used_types,
)
from gner.data.reading.score_filter import sure_positions
from gner.data.reading.source import Source
from gner.data.reading.source_parts import SourceParts
from gner.data.reading.split_names import Split
from gner.data.reading.splits import WHOLE, listed
from gner.data.reading.tag_converter import TagConverter
from gner.data.reading.type_descriptions import describe_types
from gner.data.reading.type_mapping import TypeMapping
from gner.errors import UserError
from gner.records import Entity, Example
from gner.words import find_splitter


class SourceReader:
    """Reads one source, and caches what it read, as the types depend on all splits.

    Args:
        source: What to read.
        scheme: Tagging scheme, unless the source sets its own.

    Attributes:
        source: As given.
        format: Its file format, which has settled the layout.
        parts: Names of its parts, mostly splits.
        reports: What was changed or left out in each part that was read; of a content that `split` divides, all is in
            the report of train.

    Raises:
        UserError: The source does not exist, or its format is unknown.
    """

    def __init__(self, source: Source, scheme: Scheme | Literal["auto"] = "auto") -> None:
        source.check()
        self.source = source
        self._columns = {name: str(column) for name, column in (source.columns or {}).items()}
        format = None if source.format == "auto" else source.format
        opened = open_source(source.path, format, source.subset, self._columns)
        self._folder = Path(source.path) / (source.subset or "")
        self._mapping = TypeMapping(source.types)
        self.format = opened.format
        self._parts = SourceParts(source, opened)
        self.parts = self._parts.names
        self.reports: dict[str, ReadReport] = {}
        self._converter = TagConverter(source.scheme or scheme, source.invalid_tags, source.dataset)
        self._items: dict[str, list[Text | Tagged]] = {}
        self._details = dict.fromkeys(self._parts.contents, opened.detail)
        self._sentences: dict[str, list[Sentence]] = {}
        self._positions: dict[str, Sequence[int]] = {}
        self._offers: dict[str, tuple[str, ...]] = {}
        self._types: tuple[str, ...] | None = None
        self._common: tuple[str, ...] = ()

    def part_for(self, split: Split) -> str:
        """The part to read for a split; a file is read for any split.

        Raises:
            UserError: There is none, or it has several files of which none tells its split.
        """
        return self._parts.part_for(split)

    def chosen_parts(self) -> list[str]:
        """The parts that belong to the source: that of a file or of a `split` that is set, or else all.

        Raises:
            UserError: As `part_for`.
        """
        return self._parts.chosen()

    def detail(self, part: str) -> str:
        """How a part was read, for the log; call after reading it."""
        content = self._parts.content_of(part)
        files = self._parts.several_files(content)
        note = self._details[content] + (f" from {listed([file.name for file in files])}" if files else "")
        if content != part and part in self._positions:
            note = f"{note}; {len(self._positions[part]):,} of {len(self._sentences[content]):,} sentences"
        return note

    def read(self, part: str) -> list[Example]:
        """The sentences of a part, in file order.

        Raises:
            UserError: The part is malformed or empty.
        """
        content = self._parts.content_of(part)
        sentences = self._read_sentences(content)
        if not sentences:
            left_out = "".join(f"\n{line}" for line in self._report(content).lines())
            raise UserError(f"{self._place(content)}: expected sentences, found none.{left_out}")
        types = self._offered(content, sentences)
        positions = self._find_positions(part, content, sentences)
        self.reports.setdefault(part, ReadReport())
        dataset = self.source.dataset  # accesses the file system
        self._warn_of_unknown_keys(content)
        examples = [self._example(sentences[position], types, dataset, position) for position in positions]
        return describe_types(examples, self.source.descriptions or {}, self._place(part))

    def read_entities(self, part: str) -> list[tuple[Example, list[Entity]]]:
        """The sentences of a part as `read` gives them, with their entities, which have scores where the file does."""
        examples = self.read(part)
        sentences = self._sentences[self._parts.content_of(part)]
        return [(example, sentences[int(example.id)].entities()) for example in examples]

    def _find_positions(self, part: str, content: str, sentences: list[Sentence]) -> Sequence[int]:
        """Which sentences of a content a part has, without doubtful ones; reports once what is left out."""
        if part not in self._positions:
            report, place = self._report(content), self._place(part)
            positions = self._parts.positions(part, sentences, report)
            self._positions[part] = sure_positions(place, sentences, positions, self.source.min_score, report)
        return self._positions[part]

    def _example(self, sentence: Sentence, types: tuple[str, ...], dataset: str, position: int) -> Example:
        return Example(
            words=sentence.words,
            tags=sentence.tags,
            types=offered_types(sentence, types, self._common),
            dataset=dataset,
            id=str(position),
            source=sentence.place,
        )

    def log(self, part: str) -> None:
        """Log how a part was read, and warn about what was left out or changed."""
        if self.source.format == "auto" or self.detail(part) != self.format.title:
            rank_zero_info(f"{self._place(part)}: read as {self.detail(part)}.")
        unread = self.unread()
        if unread:
            rank_zero_info(f"{self.source.path}: files that belong to no split: {listed(unread)}.")
        content = self._parts.content_of(part)
        for line in self._report(content).lines():
            rank_zero_warn(f"{self._place(content)}: {line}")

    def unread(self) -> list[str]:
        """Files of the source's folder that belong to no split; none if the source sets a split."""
        return [str(path.relative_to(self._folder)) for path in self._parts.unread(self._folder)]

    def _place(self, part: str) -> str:
        is_whole = part == WHOLE or (Path(self.source.path).is_file() and part in self._parts.contents)
        return self.source.path if is_whole else f"{self.source.path} ({part})"

    def _report(self, content: str) -> ReadReport:
        """What was changed in a content; if it is divided, the report of its train part."""
        return self.reports.setdefault("train" if content == self._parts.divided else content, ReadReport())

    def _read_sentences(self, part: str) -> list[Sentence]:
        if part not in self._sentences:
            report = self._report(part)
            options = self._options(report)
            sentences: list[Sentence] = []
            place = self._place(part)  # accesses the file system
            by_file: dict[str, list[Tagged]] = {}
            for item in self._items.pop(part, None) or self._read_items(part):
                if isinstance(item, Text):
                    sentences += [self._with_own_types(one, report) for one in to_sentences(item, options)]
                else:
                    by_file.setdefault(item.place if item.lines else place, []).append(item)
            for file, tagged in by_file.items():
                sentences += self._convert_tags(part, file, tagged, report)
            self._sentences[part] = sentences
        return self._sentences[part]

    def _read_items(self, part: str) -> Iterator[Text | Tagged]:
        """Texts and tagged sentences as they are in the files, one by one, so that no text is held twice."""
        contents = self._parts.contents[part]
        if isinstance(contents, UserError):
            raise contents
        options = self._options(self._report(part))
        try:
            yield from self.format.read_part(contents, self._place(part), options)
        except UserError:
            if isinstance(contents, list) and self.source.format == "auto":
                check_same_format(contents, self.format, self._columns)
            raise

    def _options(self, report: ReadReport) -> Options:
        source = self.source
        splitter = None if source.words is None else find_splitter(source.words)
        return Options(
            split_words=splitter,
            cut=source.cut,
            misaligned=source.misaligned,
            columns=self._columns,
            tag_names=tuple(source.tag_names or ()),
            rename=self._mapping.rename,
            report=report,
        )

    def _convert_tags(self, part: str, file: str, tagged: list[Tagged], report: ReadReport) -> list[Sentence]:
        """Sentences of one file with tags in IOB2, and types renamed."""
        sentences, note = self._converter.convert(file, tagged, report, lambda: self._tags_of_others(part))
        self._add_detail(part, note)
        return [self._with_own_types(self._mapping.apply(one, report), report) for one in sentences]

    def _tags_of_others(self, part: str) -> set[str]:
        """The tags of the parts that are not yet read, but for this one; those that cannot be read are ignored."""
        used: set[str] = set()
        for other in self._parts.contents:
            if other != part and other not in self._sentences:
                with suppress(UserError):
                    items = self._items.setdefault(other, list(self._read_items(other)))
                    used.update(chain.from_iterable(one.tags for one in items if isinstance(one, Tagged)))
        return used

    def _add_detail(self, part: str, note: str) -> None:
        detail = self._details[part]
        if note not in detail:
            joined = f"{detail[:-1]}, " if detail.endswith(")") else f"{detail} ("
            self._details[part] = f"{joined}{note})"

    def _with_own_types(self, sentence: Sentence, report: ReadReport) -> Sentence:
        """A sentence whose own list of types, if any, is renamed and includes those of its entities.

        A list of the source takes precedence, so that all its sentences offer the same types.
        """
        if sentence.types is None:
            return sentence
        if isinstance(self.source.types, list):
            return sentence._replace(types=None)
        types = with_used_types(self._mapping.rename_all(sentence.types), [sentence], report)
        return sentence._replace(types=types or None)

    def _offered(self, part: str, sentences: list[Sentence]) -> tuple[str, ...]:
        """The types for sentences without a list of their own; empty if there are too many."""
        if part not in self._offers:
            self._offers[part] = self._find_offered(part, sentences)
        return self._offers[part]

    def _find_offered(self, part: str, sentences: list[Sentence]) -> tuple[str, ...]:
        if isinstance(self.source.types, list):
            check_types(sentences, self.source.types)
            return tuple(self.source.types)
        if all(sentence.types is not None for sentence in sentences):
            return ()
        declared = self._declared(part)
        if declared:
            return with_used_types(declared, sentences, self._report(part))
        if self._types is None:
            self._types = self._union(part)
        return self._types

    def _declared(self, part: str) -> tuple[str, ...]:
        """The types that the source itself lists, renamed."""
        own = self._folder if self._folder.is_dir() else self._folder.parent
        types = types_of_tags(self.source.tag_names or ())
        types = types or self.format.declared_types(self._parts.contents[part], own, self._columns)
        return self._mapping.rename_all(types)

    def _warn_of_unknown_keys(self, part: str) -> None:
        """Warn about keys of `types` that occur nowhere in the data."""
        for key, hint in self._mapping.unknown_keys().items():
            rank_zero_warn(f"{self._place(part)}: `types` has the key `{key}`, but nothing has that type.{hint}")

    def _union(self, part: str) -> tuple[str, ...]:
        """The types of all parts in alphabetical order, so that all splits offer the same."""
        counts = count_types(self._read_sentences(part))
        for other in self._parts.contents:
            if other != part:
                try:
                    counts += count_types(self._read_sentences(other))
                except UserError as error:
                    rank_zero_warn(f"The types of {self._place(other)} are not used, as it cannot be read: {error}")
        if not counts:
            raise UserError(
                f"{self._place(part)}: expected entities, found none, and no list of types. Set `types` of the source "
                "to the types that it should offer."
            )
        if len(counts) <= OPEN_TYPES:
            return tuple(sorted(counts))
        self._common = common_types(counts)
        rank_zero_info(
            f"{self.source.path}: {len(counts):,} types are more than a prompt can list. Each sentence offers those of "
            f"its entities; one without offers {', '.join(self._common)}. To change this, set `types` of the source."
        )
        return ()
