"""Reads PubTator files: title, abstract and annotations of each document, with a blank line between documents.

The format is described at ncbi.nlm.nih.gov/research/pubtator3/tutorial and used by BC5CDR, NCBI Disease and others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from gner.data.annotations.spans import Options, Text
from gner.data.reading.file_format import FileFormat, Sample
from gner.data.reading.json_fields import check_type
from gner.data.reading.passages import Mention, Passage, join_passages
from gner.data.reading.text_files import read_lines
from gner.errors import UserError

_TEXT = re.compile(r"(?P<id>[^|\t]+)\|(?P<part>[ta])\|(?P<text>.*)")
_Numbered = tuple[int, str]
"""A line with its number."""


class PubTator(FileFormat):
    """PubTator files; relations are not read."""

    name = "pubtator"
    title = "PubTator"

    def recognizes(self, sample: Sample) -> float:
        """Whether the first line with text is a title, and the next one an abstract."""
        lines = [line for line in sample.lines if line.strip()]
        parts = [match["part"] for line in lines[:2] if (match := _TEXT.fullmatch(line))]
        return float(parts[:1] == ["t"] and parts == ["t", "a"][: len(lines)])

    def read(self, path: Path, options: Options) -> Iterator[Text]:
        """Read a file; see the base class."""
        lines: list[_Numbered] = []
        for number, line in enumerate([*read_lines(path), ""], start=1):
            match = _TEXT.fullmatch(line)
            if lines and (not line.strip() or (match and match["part"] == "t")):
                yield _document(path, lines, options)
                lines = []
            if line.strip():
                lines.append((number, line))


def _document(path: Path, lines: Sequence[_Numbered], options: Options) -> Text:
    place = f"{path}:{lines[0][0]}"
    texts = [match for _, line in lines if (match := _TEXT.fullmatch(line))]
    if [match["part"] for match in texts] not in (["t"], ["t", "a"]) or not _TEXT.fullmatch(lines[0][1]):
        raise UserError(
            f"{place}: expected a title and an abstract, such as `123|t|Title` and `123|a|Abstract`, found "
            f"{lines[0][1][:80]!r}."
        )
    passages: list[Passage] = []
    start = 0
    for match in texts:
        passages.append(Passage(start, match["text"]))
        start += len(match["text"]) + 1
    mentions: list[Mention] = []
    for number, line in lines[len(texts) :]:
        mentions += _mentions(f"{path}:{number}", line, texts[0]["id"])
    return join_passages(passages, mentions, place, options)


def _mentions(place: str, line: str, document: str) -> list[Mention]:
    """The mention of a line; none for a relation."""
    cells = line.split("\t")
    if len(cells) > 1 and not cells[1].strip().isdecimal() and cells[0] == document:
        return []
    is_whole = len(cells) >= 5 and cells[0] == document
    if not is_whole or not cells[2].strip().isdecimal():
        raise UserError(
            f"{place}: expected an annotation of {document} in columns separated by tabs (document, start, end, text, "
            f"type, identifier), found {line[:80]!r}."
        )
    entity_type = check_type(cells[4], place) if cells[4].strip() else ""
    return [Mention([(int(cells[1]), int(cells[2]))], entity_type, cells[3], place)]
