"""Reads a source: detects its format and splits, decides which types it offers, and makes examples."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Literal

from lightning.pytorch.utilities.rank_zero import rank_zero_info, rank_zero_warn

from gner.bio import OUTSIDE, Scheme, split_tag, to_entities
from gner.data.annotations.flatten import to_sentences
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.schemes import as_iob2, find_scheme
from gner.data.annotations.spans import Options, Sentence, Tagged, Text
from gner.data.annotations.tag_syntax import PREFIX, TagSyntax, find_syntax, standard_tags
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
from gner.data.reading.source import Source
from gner.data.reading.splits import WHOLE, Split, choose_part, unread_files
from gner.errors import UserError
from gner.records import Example
from gner.words import find_splitter

_NUM_SHOWN = 5


class SourceReader:
    """Reads one source, and caches what it read, as the types depend on all splits.

    Args:
        source: What to read.
        scheme: Tagging scheme, unless the source sets its own.

    Attributes:
        source: As given.
        format: Its file format, which has settled the layout.
        parts: Names of its parts, mostly splits.
        reports: What was changed or left out in each part that was read.

    Raises:
        UserError: The source does not exist, or its format is unknown.
    """

    def __init__(self, source: Source, scheme: Scheme | Literal["auto"] = "auto") -> None:
        source.check()
        self.source = source
        self._scheme: Scheme | Literal["auto"] = source.scheme or scheme
        self._columns = {name: str(column) for name, column in (source.columns or {}).items()}
        format = None if source.format == "auto" else source.format
        opened = open_source(source.path, format, source.subset, self._columns)
        self._folder = Path(source.path) / (source.subset or "")
        self._met: set[str] = set()
        self.format = opened.format
        self.parts = list(opened.parts)
        self.reports: dict[str, ReadReport] = {}
        self._contents = opened.parts
        self._syntax: TagSyntax | None = None
        self._items: dict[str, list[Text | Tagged]] = {}
        self._details = dict.fromkeys(opened.parts, opened.detail)
        self._sentences: dict[str, list[Sentence]] = {}
        self._types: tuple[str, ...] | None = None
        self._common: tuple[str, ...] = ()

    def part_for(self, split: Split) -> str:
        """The part to read for a split; a file is read for any split."""
        if Path(self.source.path).is_file() and self.source.split is None:
            return self.parts[0]
        return choose_part(self.source.path, self._contents, split, self.source.split)

    def detail(self, part: str) -> str:
        """How a part was read, for the log; call after reading it."""
        return self._details[part]

    def read(self, part: str) -> list[Example]:
        """The sentences of a part, in file order.

        Raises:
            UserError: The part is malformed or empty.
        """
        sentences = self._read_sentences(part)
        if not sentences:
            left_out = "".join(f"\n{line}" for line in self.reports[part].lines())
            raise UserError(f"{self._place(part)}: expected sentences, found none.{left_out}")
        types = self._offered(part, sentences)
        dataset = self.source.dataset  # accesses the file system
        self._warn_of_unknown_keys(part)
        return [
            Example(
                words=sentence.words,
                tags=sentence.tags,
                types=offered_types(sentence, types, self._common),
                dataset=dataset,
                id=str(position),
                source=sentence.place,
            )
            for position, sentence in enumerate(sentences)
        ]

    def log(self, part: str) -> None:
        """Log how a part was read, and warn about what was left out or changed."""
        if self.source.format == "auto" or self.detail(part) != self.format.title:
            rank_zero_info(f"{self._place(part)}: read as {self.detail(part)}.")
        unread = self.unread()
        if unread:
            names = ", ".join(unread[:_NUM_SHOWN])
            more = f" and {len(unread) - _NUM_SHOWN:,} more" if len(unread) > _NUM_SHOWN else ""
            rank_zero_info(f"{self.source.path}: files that belong to no split: {names}{more}.")
        for line in self.reports[part].lines():
            rank_zero_warn(f"{self._place(part)}: {line}")

    def unread(self) -> list[str]:
        """Files of the source's folder that belong to no split; none if the source sets a split."""
        contents = {name: paths for name, paths in self._contents.items() if isinstance(paths, list)}
        if self.source.split is not None or not contents or not self._folder.is_dir():
            return []
        return [str(path.relative_to(self._folder)) for path in unread_files(self._folder, contents)]

    def _place(self, part: str) -> str:
        is_file = Path(self.source.path).is_file()
        return self.source.path if part == WHOLE or is_file else f"{self.source.path} ({part})"

    def _read_sentences(self, part: str) -> list[Sentence]:
        if part not in self._sentences:
            report = self.reports.setdefault(part, ReadReport())
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
        contents = self._contents[part]
        if isinstance(contents, UserError):
            raise contents
        options = self._options(self.reports.setdefault(part, ReadReport()))
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
            rename=self._rename,
            report=report,
        )

    def _rename(self, entity_type: str) -> str | None:
        self._met.add(entity_type)
        mapping = self.source.types
        if not isinstance(mapping, dict):
            return entity_type
        return mapping[entity_type] if entity_type in mapping else mapping.get("*", entity_type)

    def _convert_tags(self, part: str, file: str, sentences: list[Tagged], report: ReadReport) -> list[Sentence]:
        """Sentences of one file with tags in IOB2, and types renamed."""
        tags = set(chain.from_iterable(one.tags for one in sentences))
        syntax = self._find_syntax(part, file, tags)
        standard = standard_tags(syntax, tags, self.source.dataset)
        plain = sentences
        if any(tag != written for tag, written in standard.items()):
            plain = [replace(one, tags=tuple(map(standard.__getitem__, one.tags))) for one in sentences]
        scheme = find_scheme(file, plain, self._scheme, self.source.invalid_tags)
        self._note_scheme(part, scheme, syntax)
        converted: list[Sentence] = []
        for one in plain:
            sentence = Sentence(one.words, as_iob2(one, scheme, report), one.start, one.types)
            converted.append(self._with_own_types(self._renamed(sentence, report), report))
        return converted

    def _find_syntax(self, part: str, file: str, tags: set[str]) -> TagSyntax:
        """How the tags of a source are written, settled from all its parts unless it is the usual way.

        Raises:
            UserError: The tags of this file are written in another way.
        """
        found = find_syntax(tags)
        if found is None or found is self._syntax:
            return self._syntax or PREFIX
        if self._syntax is None:
            self._syntax = found if found is PREFIX else self._common_syntax(part, tags) or found
        unfit = next((tag for tag in sorted(tags) if tag != OUTSIDE and not self._syntax.pattern.fullmatch(tag)), None)
        if unfit is not None:
            raise UserError(
                f"{file}: expected {self._syntax.name}, as in the other files of the source, found `{unfit}`. Give "
                "this file a source of its own, or write the tags alike."
            )
        return self._syntax

    def _common_syntax(self, part: str, tags: set[str]) -> TagSyntax | None:
        """How the tags of all parts are written; those that cannot be read are ignored."""
        used = set(tags)
        for other in self.parts:
            if other != part and other not in self._sentences:
                with suppress(UserError):
                    items = self._items.setdefault(other, list(self._read_items(other)))
                    used.update(chain.from_iterable(one.tags for one in items if isinstance(one, Tagged)))
        return find_syntax(used)

    def _note_scheme(self, part: str, scheme: Scheme | None, syntax: TagSyntax) -> None:
        note = "IOB2"
        if syntax is not PREFIX:
            note = f"{syntax.note}; converted to IOB2"
        elif scheme is None:
            note = "no valid scheme; repaired"
        elif scheme != "IOB2":
            note = f"{scheme}; converted to IOB2"
        detail = self._details[part]
        if note not in detail:
            joined = f"{detail[:-1]}, " if detail.endswith(")") else f"{detail} ("
            self._details[part] = f"{joined}{note})"

    def _renamed(self, sentence: Sentence, report: ReadReport) -> Sentence:
        """A sentence with the types of its tags renamed; entities of dropped types become O."""
        if not isinstance(self.source.types, dict):
            return sentence
        for entity in to_entities(sentence.tags):
            if self._rename(entity.type) is None:
                report.add("dropped_type", sentence.place, f"`{entity.type}`")
        return sentence._replace(tags=tuple(self._renamed_tag(tag) for tag in sentence.tags))

    def _renamed_tag(self, tag: str) -> str:
        prefix, entity_type = split_tag(tag)
        renamed = self._rename(entity_type) if entity_type else None
        return f"{prefix}-{renamed}" if renamed is not None else "O"

    def _with_own_types(self, sentence: Sentence, report: ReadReport) -> Sentence:
        """A sentence whose own list of types, if any, is renamed and includes those of its entities.

        A list of the source takes precedence, so that all its sentences offer the same types.
        """
        if sentence.types is None:
            return sentence
        if isinstance(self.source.types, list):
            return sentence._replace(types=None)
        types = with_used_types(self._renamed_types(sentence.types), [sentence], report)
        return sentence._replace(types=types or None)

    def _renamed_types(self, types: tuple[str, ...]) -> tuple[str, ...]:
        renamed = (self._rename(entity_type) for entity_type in types)
        return tuple(dict.fromkeys(entity_type for entity_type in renamed if entity_type is not None))

    def _offered(self, part: str, sentences: list[Sentence]) -> tuple[str, ...]:
        """The types for sentences without a list of their own; empty if there are too many."""
        if isinstance(self.source.types, list):
            check_types(sentences, self.source.types)
            return tuple(self.source.types)
        if all(sentence.types is not None for sentence in sentences):
            return ()
        declared = self._declared(part)
        if declared:
            return with_used_types(declared, sentences, self.reports[part])
        if self._types is None:
            self._types = self._union(part)
        return self._types

    def _declared(self, part: str) -> tuple[str, ...]:
        """The types that the source itself lists, renamed."""
        own = self._folder if self._folder.is_dir() else self._folder.parent
        types = types_of_tags(self.source.tag_names or ())
        types = types or self.format.declared_types(self._contents[part], own, self._columns)
        return self._renamed_types(types)

    def _warn_of_unknown_keys(self, part: str) -> None:
        """Warn about keys of `types` that occur nowhere in the data."""
        mapping = self.source.types if isinstance(self.source.types, dict) else {}
        for key in sorted(mapping.keys() - self._met - {"*"}):
            close = difflib.get_close_matches(key, self._met, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            rank_zero_warn(f"{self._place(part)}: `types` has the key `{key}`, but nothing has that type.{hint}")

    def _union(self, part: str) -> tuple[str, ...]:
        """The types of all parts in alphabetical order, so that all splits offer the same."""
        counts = count_types(self._read_sentences(part))
        for other in self.parts:
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
