"""Reads spaCy's DocBin files: spaCy's words and sentences, entities from ``doc.ents`` or span groups."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from gner.data.annotations.read_report import Kind
from gner.data.annotations.spans import Options, Span, Text
from gner.data.reading.file_format import FileFormat, Sample
from gner.data.reading.json_fields import check_type
from gner.errors import UserError
from gner.words import Word

_MISSING = 0
"""Value of ``Token.ent_iob`` where no annotation is set."""


class SpacyDocBin(FileFormat):
    """spaCy's DocBin.

    Entities are ``doc.ents``, or the spans of all groups if a document has none. Words are spaCy's tokens without
    whitespace, unless the source sets a splitter. Documents with tokens that nobody annotated are left out: such
    tokens are not outside of entities.
    """

    name = "docbin"
    title = "spaCy's DocBin"

    def recognizes(self, sample: Sample) -> float:
        """Whether the file is compressed by zlib."""
        try:
            return float(bool(sample.head) and bool(zlib.decompressobj().decompress(sample.head, 16)))
        except zlib.error:
            return 0.0

    def read(self, path: Path, options: Options) -> Iterator[Text]:
        """Read a file.

        Raises:
            UserError: spaCy is not installed, or the file is not a DocBin.
        """
        for number, doc in enumerate(_docs(path), start=1):
            place = f"{path}, document {number}"
            num_missing = _num_missing(doc)
            if num_missing:
                options.report.add("unannotated", place, f"{num_missing} of {len(doc)} tokens of {doc.text[:60]!r}")
            else:
                yield _text(doc, place, options)


def _docs(path: Path) -> list[Any]:
    try:
        from spacy.tokens import DocBin  # noqa: PLC0415 optional
        from spacy.vocab import Vocab  # noqa: PLC0415
    except ImportError as error:
        raise UserError(f"{path}: reading DocBin files needs spaCy. Run `pip install 'gner[spacy]'`.") from error
    if not path.is_file():
        raise UserError(f"Expected the file {path}, but it does not exist.")
    try:
        return list(DocBin().from_disk(path).get_docs(Vocab()))
    except Exception as error:  # of zlib, msgpack or spaCy
        raise UserError(f"{path}: expected a DocBin that spaCy wrote, but it cannot be read: {error}") from error


def _num_missing(doc: Any) -> int:
    """Number of tokens that nobody annotated; none if spans of groups are read."""
    if not doc.ents and any(map(len, doc.spans.values())):
        return 0
    return sum(token.ent_iob == _MISSING and not token.is_space for token in doc)


def _text(doc: Any, place: str, options: Options) -> Text:
    if options.split_words is None:
        words = _words(doc)
        ends = _sentence_ends(doc) if doc.has_annotation("SENT_START") else None
    else:
        words, ends = options.split_words(doc.text), None
    return Text(doc.text, _spans(doc, place, options), place, words=words, ends=ends)


def _words(doc: Any) -> list[Word]:
    return [Word(token.text, token.idx, token.idx + len(token.text)) for token in doc if not token.text.isspace()]


def _spans(doc: Any, place: str, options: Options) -> list[Span]:
    grouped = list(chain.from_iterable(doc.spans.values()))
    if doc.ents:
        _report_unused(grouped, doc.ents, place, options)
    spans: list[Span] = []
    for span in list(doc.ents) or grouped:
        if span.label_:
            spans.append(Span(span.start_char, span.end_char, check_type(span.label_, place)))
        else:
            options.report.add("no_type", place, f"`{span.text}`")
    return spans


def _report_unused(grouped: Iterable[Any], entities: Iterable[Any], place: str, options: Options) -> None:
    """Report the spans of groups, which are not read as the document has entities."""
    used = {(span.start, span.end, span.label_) for span in entities}
    for span in grouped:
        kind: Kind = "duplicate" if (span.start, span.end, span.label_) in used else "unused"
        options.report.add(kind, place, f"`{span.text}` ({span.label_}) of a span group")


def _sentence_ends(doc: Any) -> list[int]:
    """The exclusive end of each sentence in words; whitespace tokens are no words."""
    ends: list[int] = []
    num_words = 0
    for sentence in doc.sents:
        num_words += sum(not token.text.isspace() for token in sentence)
        ends.append(num_words)
    return sorted(set(ends) - {0})
