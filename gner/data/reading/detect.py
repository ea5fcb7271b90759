"""Detects the format of a source from its content, and reads it with the reader of that format."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from gner.data.annotations.schemes import DOCUMENT_START
from gner.data.annotations.spans import Options, Record, Tagged, Text
from gner.data.reading.brat import read_brat
from gner.data.reading.conll import describe_columns, looks_like_conll, read_conll
from gner.data.reading.docbin import read_docbin
from gner.data.reading.gliner import is_gliner, read_gliner
from gner.data.reading.hf_dataset import Part, is_hub_name, is_parquet, is_saved, load_parts, load_table, rows
from gner.data.reading.instruct_uie import is_instruct_uie, read_instruct_uie
from gner.data.reading.json_fields import Object, describe, is_list
from gner.data.reading.json_spans import is_text_spans, read_text_spans
from gner.data.reading.json_tags import is_tagged_words, read_tagged_words
from gner.data.reading.label_studio import is_label_studio, read_label_studio, read_tasks
from gner.data.reading.pile_ner import is_pile_ner, read_pile_ner
from gner.data.reading.splits import WHOLE, all_files, find_parts, siblings, split_of
from gner.data.reading.text_files import read_json, split_lines
from gner.errors import UserError

FormatName = Literal[
    "gner",
    "conll",
    "words",
    "spans",
    "gliner",
    "pile_ner",
    "instruct_uie",
    "huggingface",
    "docbin",
    "brat",
    "label_studio",
]
NAMES: dict[FormatName, str] = {
    "gner": "the GNER folder layout",
    "conll": "CoNLL",
    "words": "words with tags",
    "spans": "text with character spans",
    "gliner": "GLiNER",
    "pile_ner": "Pile-NER conversations",
    "instruct_uie": "InstructUIE",
    "huggingface": "a Hugging Face dataset",
    "docbin": "spaCy's DocBin",
    "brat": "brat",
    "label_studio": "Label Studio",
}


class _Shape(NamedTuple):
    """A kind of JSON object: how to recognise and how to read it."""

    matches: Callable[[Object, dict[str, str]], bool]
    read: Callable[[Record, Options], Text | Tagged | None]


SHAPES: dict[FormatName, _Shape] = {
    "pile_ner": _Shape(lambda value, _: is_pile_ner(value), read_pile_ner),
    "gliner": _Shape(lambda value, _: is_gliner(value), read_gliner),
    "instruct_uie": _Shape(lambda value, _: is_instruct_uie(value), read_instruct_uie),
    "label_studio": _Shape(lambda value, _: is_label_studio(value), read_label_studio),
    "words": _Shape(is_tagged_words, read_tagged_words),
    "spans": _Shape(is_text_spans, read_text_spans),
}
SPLITS = ("train", "dev", "test")
_HEAD = 1 << 16
_SAMPLE = 50


def find_file_format(path: Path, columns: dict[str, str]) -> FormatName:
    """Detect the format of a file from its content.

    Raises:
        UserError: It has none of the formats.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if is_parquet(path):
        return "huggingface"
    if _is_compressed(head):
        return "docbin"
    if path.suffix == ".ann" or (path.suffix == ".txt" and path.with_suffix(".ann").is_file()):
        return "brat"
    start = head.decode("utf-8-sig", errors="replace")
    lines = split_lines(start)
    if looks_like_conll(lines[:-1] if len(head) == _HEAD else lines, columns):
        return "conll"
    if start.lstrip().startswith(("{", "[")):
        return find_shape(read_json(path), str(path), columns)
    raise UserError(
        f"{path}: expected one of {', '.join(get_args(FormatName))}, found a file that starts with {start[:60]!r}. Set "
        "`format` of the source to one of these to see why it cannot be read so; if it is CoNLL with the tags in "
        "another column than the last, set `columns`, for example to {words: 2, tags: 3}."
    )


def _is_compressed(head: bytes) -> bool:
    """Whether a file is compressed by zlib, as DocBin is."""
    try:
        return bool(head) and bool(zlib.decompressobj().decompress(head, 16))
    except zlib.error:
        return False


def find_shape(records: Iterable[Record], name: str, columns: dict[str, str]) -> FormatName:
    """Detect the kind of JSON that most of the first records are.

    Raises:
        UserError: None of them is of a known kind.
    """
    sample = list(islice(records, _SAMPLE))
    counts = {shape: sum(_matches(shape, record.value, columns) for record in sample) for shape in SHAPES}
    best = max(counts, key=lambda shape: counts[shape])
    if not counts[best]:
        found = describe(sample[0].value) if sample else "nothing"
        raise UserError(
            f"{name}: expected JSON of one of {', '.join(SHAPES)}, found {found}. Set `columns` if fields have other "
            "names, for example to {words: tokens, tags: ner_tags} or {text: body, spans: mentions}, or set `format`."
        )
    return best


def _matches(shape: FormatName, value: Any, columns: dict[str, str]) -> bool:
    if isinstance(value, dict):
        return SHAPES[shape].matches(value, columns)
    return shape == "spans" and is_list(value) and len(value) == 2 and isinstance(value[1], dict)  # spaCy 2


class Opened(NamedTuple):
    """The format and the splits of a source.

    Attributes:
        format: Format of its files, or of the rows of its tables.
        parts: Files or table of each split; of a single file, its own split comes first.
        detail: Description for the log.
    """

    format: FormatName
    parts: dict[str, Part]
    detail: str


def open_source(path: str, format: FormatName | None, subset: str | None, columns: dict[str, str]) -> Opened:
    """Detect the format and the splits of a source.

    Args:
        path: A file, a folder, or a hub name.
        format: The format; None to detect it.
        subset: Configuration of a hub dataset.
        columns: Fields with unusual names.

    Raises:
        UserError: The source does not exist, or its format is unknown.
    """
    local = _with_subset(path, subset)
    if local.is_file():
        return _open_files(_file_and_siblings(local), format, columns)
    if local.is_dir() and not is_saved(local):
        return _open_folder(local, path, format, columns)
    if not local.exists() and format != "huggingface" and not is_hub_name(path):
        raise UserError(f"Expected the file or folder {path}, but it does not exist. Set the path of the source.")
    tables: dict[str, Part] = dict(load_table(str(local), None if local.exists() else subset))
    return _open_tables(tables, path, format, columns)


def _file_and_siblings(path: Path) -> dict[str, list[Path]]:
    """A file and those of the other splits beside it, whose types count too."""
    parts = {split_of(path.name) or WHOLE: [path]}
    for other in siblings(path):
        parts.setdefault(split_of(other.name) or other.name, []).append(other)
    return parts


def _open_folder(folder: Path, path: str, format: FormatName | None, columns: dict[str, str]) -> Opened:
    if format == "gner" or (format is None and _is_gner(folder)):
        return Opened("gner", _gner_parts(folder), NAMES["gner"])
    is_brat = format == "brat" or (format is None and any(file.suffix == ".ann" for file in all_files(folder)))
    parts = find_parts(folder, by_file=not is_brat)
    if not parts:
        raise UserError(f"{path}: expected a folder with data files, found none there.")
    return _open_files(parts, format, columns)


def _with_subset(path: str, subset: str | None) -> Path:
    """The path of a source; with a subset of a local copy, the folder of that name in it."""
    local = Path(path)
    if subset is None or not local.exists():
        return local
    folder = local / subset
    if not folder.is_dir():
        raise UserError(
            f"{path}: expected the folder {folder} for the subset `{subset}`, but it does not exist. Set the path of "
            "the source to the files of the subset, and `subset` to null."
        )
    return folder


def _is_gner(folder: Path) -> bool:
    """Whether a folder has label.txt, and a file whose first line is a word, a tab and a tag."""
    path = next((folder / f"{split}.txt" for split in SPLITS if (folder / f"{split}.txt").is_file()), None)
    if path is None or not (folder / "label.txt").is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = next((line for line in file if line.strip() and not line.startswith(DOCUMENT_START)), "")
    return len(first.strip().split("\t")) == 2


def _gner_parts(folder: Path) -> dict[str, Part]:
    return {split: [folder / f"{split}.txt"] for split in SPLITS if (folder / f"{split}.txt").is_file()}


def _open_files(parts: dict[str, list[Path]], format: FormatName | None, columns: dict[str, str]) -> Opened:
    first = next(iter(parts.values()))[0]
    suffixes = {path.suffix for path in chain.from_iterable(parts.values())}
    if format is None and first.suffix == ".txt" and ".ann" in suffixes:
        format = "brat"
    found = _first_known([paths[0] for paths in parts.values()], columns) if format is None else format
    if is_parquet(first):
        return _open_tables(load_parts(parts), str(first), format, columns)
    if found in ("gner", "huggingface"):
        expected = "a folder with label.txt" if found == "gner" else "a hub name, a saved folder or parquet files"
        raise UserError(f"{first}: expected {expected} for the format {found}, found a file. Set `format` to auto.")
    detail = f"{NAMES[found]} ({describe_columns(first, columns)})" if found == "conll" else NAMES[found]
    return Opened(found, dict(parts), detail)


def _first_known(paths: Sequence[Path], columns: dict[str, str]) -> FormatName:
    """The format of the first file whose format can be detected, as some may be empty or broken."""
    errors: list[UserError] = []
    for path in paths:
        try:
            return find_file_format(path, columns)
        except UserError as error:
            errors.append(error)
    raise errors[0]


def _open_tables(tables: dict[str, Part], path: str, format: FormatName | None, columns: dict[str, str]) -> Opened:
    if format in (None, "huggingface"):
        loaded = [table for table in tables.values() if not isinstance(table, UserError)]
        format = find_shape(chain.from_iterable(rows(table, path) for table in loaded), path, columns)
    if format not in SHAPES:
        raise UserError(f"{path}: expected one of huggingface, {', '.join(SHAPES)} for a table, got {format}.")
    return Opened(format, tables, f"{NAMES['huggingface']}, {NAMES[format]}")


def read_part(part: Part, name: str, format: FormatName, options: Options) -> Iterator[Text | Tagged]:
    """Read one split of a source that is not in the GNER layout.

    Args:
        part: Its files, or its table.
        name: Name of a table in messages.
        format: Format of the files, or of the rows.
        options: Options of the source.
    """
    if not isinstance(part, list):
        yield from read_records(rows(part, name), format, options)
        return
    if format == "brat":
        yield from read_brat(part, options)
        return
    for path in part:
        if format == "conll":
            yield from read_conll(path, options)
        elif format == "docbin":
            yield from read_docbin(path, options)
        else:
            yield from read_records(read_json(path, options.report), format, options)


def read_records(records: Iterable[Record], format: FormatName, options: Options) -> Iterator[Text | Tagged]:
    """Read JSON objects, or rows of a table, of a given kind."""
    if format == "label_studio":
        yield from read_tasks(records, options)
        return
    for record in records:
        item = SHAPES[format].read(record, options)
        if item is not None:
            yield item


def check_same_format(paths: Sequence[Path], format: FormatName, columns: dict[str, str]) -> None:
    """Explain why a split could not be read, if its first file is in another format than the source.

    Raises:
        UserError: It is in another format.
    """
    found = _first_known(paths[:1], columns)
    if found != format:
        raise UserError(
            f"{paths[0]}: expected {NAMES[format]}, as in the first files of the source, found {NAMES[found]}. Give "
            "this file a source of its own."
        )
