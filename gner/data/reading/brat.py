"""Reads brat standoff files: ``DOC.txt``, and ``DOC.ann`` with one annotation per line.

The format is described at brat.nlplab.org/standoff.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from gner.data.annotations.fragments import join_fragments
from gner.data.annotations.spans import Options, Span, Text
from gner.data.reading.file_format import FileFormat, Sample
from gner.data.reading.splits import all_files
from gner.data.reading.tables import Part
from gner.data.reading.text_files import read_lines, read_text
from gner.errors import UserError

_ENTITY = re.compile(r"T[^\t]*\t(?P<type>[^\t]+?) (?P<places>\d+ \d+(?:;\d+ \d+)*)(?:\t(?P<text>.*))?")
_EVENT = re.compile(r"E[^\t]*\t[^\s:]+:(T[^\s]*)")
CONFIGURATION = "annotation.conf"


class Brat(FileFormat):
    """brat's standoff files; splits are folders.

    Only text-bound annotations (``T``) are read. One with several fragments becomes one span from the first to the
    last; that is reported, unless only whitespace is between them, as in annotations that span a line end. Event
    triggers, which ``annotation.conf`` or an event (``E``) names, are left out.
    """

    name = "brat"
    title = "brat"
    one_document_per_file = True

    def recognizes(self, sample: Sample) -> float:
        """Whether it is an ``.ann`` file, or a text with one beside it."""
        path = sample.path
        return float(path.suffix == ".ann" or (path.suffix == ".txt" and path.with_suffix(".ann").is_file()))

    def recognizes_folder(self, folder: Path) -> bool:
        """Whether there is an ``.ann`` file in it or below."""
        return any(file.suffix == ".ann" for file in all_files(folder))

    def read_part(self, part: Part, name: str, options: Options) -> Iterator[Text]:
        """Read each document once, whichever of its two files are given."""
        stems = sorted({path.with_suffix("") for path in part})
        return chain.from_iterable(self.read(stem.with_name(f"{stem.name}.txt"), options) for stem in stems)

    def read(self, path: Path, options: Options) -> Iterator[Text]:
        """Read a document, whose text file this is; see the base class."""
        annotations = path.with_suffix(".ann")
        if not annotations.is_file():
            options.report.add("unannotated", str(path), f"there is no {annotations.name}")
            return
        if not path.is_file():
            raise UserError(f"Expected the text of {annotations} in {path}, but that does not exist.")
        text = read_text(path, keep_mark=True)
        spans = list(_spans(annotations, text, _section(path.parent, "events"), options))
        yield Text(text, spans, str(path), cut="always", is_file=True)

    def types_of_folder(self, folder: Path) -> tuple[str, ...] | None:
        """The entity types in the ``annotation.conf`` of the folder, or of the nearest one above."""
        return _section(folder, "entities") or None


def _spans(path: Path, text: str, triggers: Sequence[str], options: Options) -> Iterator[Span]:
    lines = read_lines(path)
    event_triggers = {match[1] for line in lines if (match := _EVENT.match(line))}
    for number, line in enumerate(lines, start=1):
        if not line.startswith("T"):
            continue
        place = f"{path}:{number}"
        match = _ENTITY.fullmatch(line.rstrip())
        if match is None:
            raise UserError(f"{place}: expected `T1<TAB>Type 0 5<TAB>text`, found {line!r}.")
        entity_type, covered = match["type"], match["text"]
        if entity_type in triggers or line.partition("\t")[0] in event_triggers:
            options.report.add("not_entity", place, f"`{covered}` ({entity_type})")
            continue
        parts = [fragment.split() for fragment in match["places"].split(";")]
        fragments = [(int(start), int(end)) for start, end in parts]
        yield join_fragments(fragments, entity_type, covered, text, place=place, options=options)


def _section(folder: Path, name: str) -> tuple[str, ...]:
    """The names in a section of the configuration, in the folder of the documents or up to three above."""
    for parent in (folder, *folder.resolve().parents[:3]):
        path = parent / CONFIGURATION
        if path.is_file():
            return tuple(_names(read_lines(path), name))
    return ()


def _names(lines: list[str], section: str) -> Iterator[str]:
    inside = False
    for line in lines:
        text = line.strip()
        if text.startswith("["):
            inside = text.lower() == f"[{section}]"
        elif inside and text and not text.startswith(("#", "<", "!", "---")):  # ! marks groups of types
            yield re.split(r"[\s|]", text)[0]
