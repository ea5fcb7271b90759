"""Which parts a source has, and which one is read for a split."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import get_args

from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Sentence
from gner.data.reading.division import Divided, divide
from gner.data.reading.file_format import Opened
from gner.data.reading.source import Source
from gner.data.reading.split_names import Split
from gner.data.reading.splits import WHOLE, check_files_tell, choose_part, roles, unread_files
from gner.data.reading.tables import Part
from gner.errors import UserError


class SourceParts:
    """The parts of a source: its splits, or what its `split` makes of them.

    Args:
        source: The source.
        opened: Its files or tables.

    Attributes:
        contents: Files or table by name, with those of files beside a source that is a file.
        names: Names of the parts to read.
        divided: Name of the content that is divided into several parts; None if none is.

    Raises:
        UserError: A split that `split` wants to make is there already.
    """

    def __init__(self, source: Source, opened: Opened) -> None:
        self._source = source
        self._is_file = Path(source.path).is_file()
        self._has_documents = opened.format.one_document_per_file
        self._shares = source.split if isinstance(source.split, dict) else {}
        self._made: list[str] = []
        self._positions: Divided | None = None
        self.divided: str | None = None
        self.contents: dict[str, Part] = dict(opened.parts)
        if self._is_file and (self._shares or source.split == WHOLE):
            first, *others = self.contents.items()
            self.contents = {WHOLE: first[1], **{f"{name} beside it": part for name, part in others}}
        elif source.split == WHOLE:
            self._join()
        self.names = [WHOLE] if self._is_file and WHOLE in self.contents else list(self.contents)
        if self._shares:
            self._divide()

    def _join(self) -> None:
        """Make one part of all files; the tables of several parts cannot be joined."""
        first, *others = self.contents.values()
        if not others:
            self.contents = {WHOLE: first}
        elif isinstance(first, list):
            self.contents = {WHOLE: list(chain.from_iterable([first, *others]))}

    def _divide(self) -> None:
        self.divided = choose_part(self._source.path, self.names, "train", None)
        self._made = [split for split in get_args(Split) if split == "train" or split in self._shares]
        rest = [name for name in self.names if name != self.divided]
        for name, role in roles(rest).items():
            if role in self._made:
                raise UserError(
                    f"{self._source.path}: expected no {role} beside the sentences that `split` divides, found the "
                    f"split `{name}`. Take {role} out of `split`, or set the path of the source to one file."
                )
        order = dict.fromkeys([*get_args(Split), *rest])
        self.names = [name for name in order if name in self._made or name in rest]

    def part_for(self, split: Split) -> str:
        """The part to read for a split; a file is read for any split.

        Raises:
            UserError: There is none, or it has several files of which none tells its split.
        """
        wanted = self._source.split
        if self._is_file and wanted is None:
            return self.names[0]
        if self.names == [WHOLE] and wanted is None:
            check_files_tell(self._source.path, self.several_files(WHOLE))
        return choose_part(self._source.path, self.names, split, wanted if isinstance(wanted, str) else None)

    def chosen(self) -> list[str]:
        """The parts that belong to the source: that of a file or of a split that is set, or else all.

        Raises:
            UserError: As `part_for`.
        """
        is_one = isinstance(self._source.split, str) or (self._is_file and self.divided is None)
        return [self.part_for("train")] if is_one or self.names == [WHOLE] else self.names

    def content_of(self, part: str) -> str:
        """The name of the content that a part is made of."""
        return self.divided if self.divided is not None and part in self._made else part

    def several_files(self, content: str) -> list[Path]:
        """The files of a content that has more than one; empty for one file, a table and a folder of documents."""
        files = self.contents[content]
        return files if isinstance(files, list) and len(files) > 1 and not self._has_documents else []

    def unread(self, folder: Path) -> list[Path]:
        """The files of a folder that belong to no part, unless `split` names one."""
        files = {name: paths for name, paths in self.contents.items() if isinstance(paths, list)}
        if isinstance(self._source.split, str) or not files or not folder.is_dir():
            return []
        return unread_files(folder, files)

    def positions(self, part: str, sentences: Sequence[Sentence], report: ReadReport) -> Sequence[int]:
        """Which sentences of its content a part has.

        Args:
            part: Its name.
            sentences: Those of its content.
            report: Where to note what is left out of all parts, once.

        Raises:
            UserError: The sentences are too few to be divided.
        """
        if part not in self._made:
            return range(len(sentences))
        if self._positions is None:
            self._positions = divide(sentences, self._shares)
            for position in self._positions.repeated:
                report.add("shared", sentences[position].place, " ".join(sentences[position].words))
        found = self._positions.parts
        empty = next((split for split, positions in found.items() if not positions), None)
        if empty is not None:
            raise UserError(
                f"{self._source.path}: expected enough sentences to divide, found {len(sentences):,}, and {empty} gets "
                "none; those of one text stay together. Set larger fractions in `split`, or add data."
            )
        return found[part]  # type: ignore[index]
