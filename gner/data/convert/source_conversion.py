"""Reads a source and writes it in another format, with a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.text import Text

from gner.bio import to_entities
from gner.data.annotations.read_report import MEANING, ReadReport
from gner.data.convert.corpus import Corpus, Split, file_stems
from gner.data.convert.out_folder import REPORT, check_out_folder, new_folder, write_report
from gner.data.convert.read_back import check_same
from gner.data.convert.writers import WRITERS, CorpusWriter, Target
from gner.data.reading.source_reader import SourceReader
from gner.data.reading.splits import WHOLE
from gner.data.source_options import AnswersOptions
from gner.errors import UserError
from gner.option_parser import option


@dataclass(frozen=True, kw_only=True)
class ConvertOptions(AnswersOptions):
    """The options of the command line: those of a source, and what to write.

    Attributes:
        out: Folder to write to.
        to: Format to write.
        overwrite: Replace a folder that was converted before.
    """

    out: Path = option(metavar="FOLDER")
    to: Target = "jsonl"
    overwrite: bool = False


def convert_source(options: ConvertOptions, console: Console) -> None:
    """Read all splits of a source, or the one that is set, and write them.

    Raises:
        UserError: A split cannot be read, the format cannot hold it, or files would be overwritten.
    """
    check_out_folder(options.out, options.path, overwrite=options.overwrite)
    reader = SourceReader(options.source())
    corpus = _read(reader, options)
    writer = WRITERS[options.to]()
    names = [writer.file_name(split.stem) for split in corpus]
    lines = list(_report(reader, corpus, [str(options.out / name) for name in names]))
    with new_folder(options.out) as folder:
        _write(folder, corpus, names, writer)
        notes = chain.from_iterable(_places(split.part, reader.reports[split.part]) for split in corpus)
        write_report(folder, "\n".join([*lines, *notes]))
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    if any(reader.reports[split.part].notes for split in corpus):
        console.print(Text(f"All places: {options.out / REPORT}"), soft_wrap=True)


def _read(reader: SourceReader, options: ConvertOptions) -> Corpus:
    """The splits to convert; files that belong to none are left to the report.

    Raises:
        UserError: One cannot be read.
    """
    parts = reader.chosen_parts()
    if len(parts) > 1:
        parts = [part for part in parts if part != WHOLE]
    stems = file_stems(parts)
    corpus: Corpus = []
    errors: list[str] = []
    for part in parts:
        try:
            corpus.append(Split(part, stems[part], reader.read(part)))
        except UserError as error:
            if len(parts) == 1:
                raise
            errors.append(f"The split {part} of {options.path} cannot be read: {error}")
    if errors:
        raise UserError("\n".join([*errors, "Nothing was written. To convert the others, use --split NAME."]))
    return corpus


def _write(folder: Path, corpus: Corpus, names: Sequence[str], writer: CorpusWriter) -> None:
    for name, content in writer.prepare(corpus).items():
        (folder / name).write_text(content, encoding="utf-8")
    for split, name in zip(corpus, names, strict=True):
        writer.write(split.examples, folder / name)
    if not writer.is_exact:
        check_same(folder, corpus, names)


def _report(reader: SourceReader, corpus: Corpus, files: Sequence[str]) -> Iterator[str]:
    """What was read and written, and what was changed or left out."""
    path = reader.source.path
    for split, file in zip(corpus, files, strict=True):
        num_entities = sum(len(to_entities(example.tags)) for example in split.examples)
        yield f"{path} ({split.part}): {reader.detail(split.part)}"
        yield f"  Sentences: {len(split.examples):,}, entities: {num_entities:,}, in {file}"
        for line in reader.reports[split.part].lines():
            yield f"  {line}"
    unread = reader.unread()
    if unread:
        yield f"Files that belong to no split, not converted: {', '.join(unread)}"


def _places(part: str, report: ReadReport) -> Iterator[str]:
    """What was changed or left out in a part, each with its place."""
    for kind, meaning in MEANING.items():
        notes = report.of(kind)
        if notes:
            yield f"\n{meaning} ({part}): {len(notes):,}"
        for note in notes:
            yield f"  {note.place}: {' '.join(note.what.split())}"
