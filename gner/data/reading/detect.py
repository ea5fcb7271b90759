"""Finding out what a source is, by looking at what is in it."""

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
from gner.data.reading.splits import all_files, find_parts, with_siblings
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
    """One kind of JSON object: how to know it, and how to read it."""

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
    """What a file is, by its content.

    Raises:
        UserError: It is none of the formats.
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
        "`format` of the source to one of these, and the message will say what is not as it should be; if it is CoNLL "
        "with the tags elsewhere than in the last column, set `columns`, for example to {words: 2, tags: 3}."
    )


def _is_compressed(head: bytes) -> bool:
    """Whether bytes start as zlib's do, which DocBin uses."""
    try:
        return bool(head) and bool(zlib.decompressobj().decompress(head, 16))
    except zlib.error:
        return False


def find_shape(records: Iterable[Record], name: str, columns: dict[str, str]) -> FormatName:
    """What the first records are; where some fit several kinds, what most are.

    Raises:
        UserError: They are nothing known.
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
    """What a source is, and what it has.

    Attributes:
        format: What its files, or the rows of its tables, are.
        parts: Files or a table by name of the split; for a single file, its own part comes first.
        detail: How it is read, in words.
    """

    format: FormatName
    parts: dict[str, Part]
    detail: str


def open_source(path: str, format: FormatName | None, subset: str | None, columns: dict[str, str]) -> Opened:
    """Find out what a source is.

    Args:
        path: A file, a folder, or a name of the hub.
        format: What it is said to be; None to look.
        subset: Configuration of a hub dataset.
        columns: Fields with other names than usual.

    Raises:
        UserError: Nothing is there, or it is nothing known.
    """
    local = _with_subset(path, subset)
    if local.is_file():
        return _open_files(with_siblings(local), format, columns)
    if local.is_dir() and not is_saved(local):
        return _open_folder(local, format, columns)
    if not local.exists() and format != "huggingface" and not is_hub_name(path):
        raise UserError(f"Expected the file or folder {path}, but it does not exist. Set the path of the source.")
    tables: dict[str, Part] = dict(load_table(str(local), None if local.exists() else subset))
    return _open_tables(tables, path, format, columns)


def _open_folder(folder: Path, format: FormatName | None, columns: dict[str, str]) -> Opened:
    if format == "gner" or (format is None and _is_gner(folder)):
        return Opened("gner", _gner_parts(folder), NAMES["gner"])
    is_brat = format == "brat" or (format is None and any(one.suffix == ".ann" for one in all_files(folder)))
    parts = find_parts(folder, by_file=not is_brat)  # the files of brat are named after documents
    if not parts:
        raise UserError(f"{folder}: expected a folder with data files, found none there.")
    return _open_files(parts, format, columns)


def _with_subset(path: str, subset: str | None) -> Path:
    """The folder of a subset, if a source is a folder."""
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
        tables = load_parts(parts)
        return _open_tables(tables, str(first), format, columns)
    if found in ("gner", "huggingface"):
        expected = (
            "a folder with label.txt" if found == "gner" else "a name of the hub, a saved folder or parquet files"
        )
        raise UserError(f"{first}: expected {expected} for the format {found}, found a file. Set `format` to auto.")
    detail = f"{NAMES[found]} ({describe_columns(first, columns)})" if found == "conll" else NAMES[found]
    return Opened(found, dict(parts), detail)


def _first_known(paths: Sequence[Path], columns: dict[str, str]) -> FormatName:
    """The format of the first file that has one that is known, as one that is empty or broken is no reason to stop."""
    faults: list[UserError] = []
    for path in paths:
        try:
            return find_file_format(path, columns)
        except UserError as error:
            faults.append(error)
    raise faults[0]


def _open_tables(tables: dict[str, Part], path: str, format: FormatName | None, columns: dict[str, str]) -> Opened:
    if format in (None, "huggingface"):
        sound = [table for table in tables.values() if not isinstance(table, UserError)]
        format = find_shape(chain.from_iterable(rows(table, path) for table in sound), path, columns)
    if format not in SHAPES:
        raise UserError(f"{path}: expected one of huggingface, {', '.join(SHAPES)} for a table, got {format}.")
    return Opened(format, tables, f"{NAMES['huggingface']}, {NAMES[format]}")


def read_part(part: Part, name: str, format: FormatName, options: Options) -> Iterator[Text | Tagged]:
    """Read one part of a source that is not in the GNER layout.

    Args:
        part: Its files, or its table.
        name: What a table is called in messages.
        format: What they are.
        options: Of the source.
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
    """Read JSON objects, or rows of a table, of a known kind."""
    if format == "label_studio":
        yield from read_tasks(records, options)
        return
    for record in records:
        item = SHAPES[format].read(record, options)
        if item is not None:
            yield item


def refuse_other_format(paths: Sequence[Path], format: FormatName, columns: dict[str, str]) -> None:
    """Refuse a part that could not be read, if that is as its first file is of another format.

    Raises:
        UserError: It is.
    """
    found = _first_known(paths[:1], columns)
    if found != format:
        raise UserError(
            f"{paths[0]}: expected {NAMES[format]}, as in the first files of the source, found {NAMES[found]}. Give "
            "this file a source of its own."
        )
