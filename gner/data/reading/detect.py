"""Detects the format and the splits of a source from its content, and settles its layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from gner.data.reading.file_format import FileFormat, Opened, Sample
from gner.data.reading.hf_dataset import HuggingFace, no_kind
from gner.data.reading.json_fields import describe
from gner.data.reading.json_format import JsonFormat
from gner.data.reading.registry import file_formats, format_names, named_format
from gner.data.reading.splits import WHOLE, find_parts, siblings, split_of
from gner.data.reading.tables import is_hub_name, is_saved, load_table
from gner.errors import UserError


def find_file_format(path: Path, columns: Mapping[str, str]) -> FileFormat:
    """Detect the format of a file from its content.

    Raises:
        UserError: It has none of the formats.
    """
    sample = Sample(path, columns)
    formats = file_formats()
    shares: dict[FileFormat, float] = {}
    errors: list[UserError] = []
    for one in formats:
        try:
            shares[one] = one.recognizes(sample)
        except UserError as error:  # it starts as JSON, and may be something else
            errors.append(error)
    best = max(shares, key=lambda one: shares[one])
    if shares[best]:
        return best
    if errors:
        raise errors[0]
    if sample.is_json:
        names = ", ".join(one.name for one in formats if isinstance(one, JsonFormat))
        raise UserError(no_kind(str(path), names, describe(sample.records[0]) if sample.records else "nothing"))
    raise UserError(
        f"{path}: expected one of {', '.join(format_names())}, found a file that starts with {sample.text[:60]!r}. Set "
        "`format` of the source to one of these to see why it cannot be read so; if it is CoNLL with the tags in "
        "another column than the last, set `columns`, for example to {words: 2, tags: 3}."
    )


def open_source(path: str, format: str | None, subset: str | None, columns: dict[str, str]) -> Opened:
    """Detect the format and the splits of a source, and settle its layout.

    Args:
        path: A file, a folder, or a hub name.
        format: Name of the format; None to detect it.
        subset: Configuration of a hub dataset.
        columns: Fields with unusual names.

    Raises:
        UserError: The source does not exist, its format is unknown, or its files have no common layout.
    """
    local = _with_subset(path, subset)
    given = None if format is None else named_format(format)
    if not local.exists() or is_saved(local):
        return _open_tables(path, local, given, subset, columns)
    if local.is_dir():
        return _open_folder(local, path, given, columns)
    return _open_files(_file_and_siblings(local), given, columns)


def _open_tables(
    path: str, local: Path, given: FileFormat | None, subset: str | None, columns: dict[str, str]
) -> Opened:
    """Load a dataset of the hub, or a folder that ``save_to_disk`` wrote."""
    if not local.exists() and not isinstance(given, HuggingFace) and not is_hub_name(path):
        raise UserError(f"Expected the file or folder {path}, but it does not exist. Set the path of the source.")
    tables = load_table(str(local), None if local.exists() else subset)
    if isinstance(given, JsonFormat):
        return Opened(given, tables, f"{HuggingFace.title}, {given.title}")
    container = next(one for one in file_formats() if isinstance(one, HuggingFace))
    if given is not None and not isinstance(given, HuggingFace):
        names = [one.name for one in file_formats() if isinstance(one, JsonFormat)]
        raise UserError(f"{path}: expected one of {container.name}, {', '.join(names)} for a table, got {given.name}.")
    return container.open_tables(tables, path, columns)


def _file_and_siblings(path: Path) -> dict[str, list[Path]]:
    """A file and those of the other splits beside it, whose types count too."""
    parts = {split_of(path.name) or WHOLE: [path]}
    for other in siblings(path):
        parts.setdefault(split_of(other.name) or other.name, []).append(other)
    return parts


def _open_folder(folder: Path, path: str, given: FileFormat | None, columns: dict[str, str]) -> Opened:
    format = given or next((one for one in file_formats() if one.recognizes_folder(folder)), None)
    parts = find_parts(folder, by_file=True) if format is None else format.find_parts(folder)
    if not parts:
        raise UserError(f"{path}: expected a folder with data files, found none there.")
    return format.open(parts, columns) if format is not None else _open_files(parts, None, columns)


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


def _open_files(parts: dict[str, list[Path]], given: FileFormat | None, columns: dict[str, str]) -> Opened:
    paths = list(chain.from_iterable(parts.values()))
    if given is not None and given.needs_folder:
        raise UserError(
            f"{paths[0]}: expected a folder for the format {given.name}, found a file. Set `format` to auto."
        )
    format = given or _first_known([paths[0] for paths in parts.values()], columns)
    return format.open(parts, columns)


def _first_known(paths: Sequence[Path], columns: Mapping[str, str]) -> FileFormat:
    """The format of the first file whose format can be detected, as some may be empty or broken."""
    errors: list[UserError] = []
    for path in paths:
        try:
            return find_file_format(path, columns)
        except UserError as error:
            errors.append(error)
    raise errors[0]


def check_same_format(paths: Sequence[Path], format: FileFormat, columns: Mapping[str, str]) -> None:
    """Explain why a split could not be read, if its first file is in another format than the source.

    Raises:
        UserError: It is in another format.
    """
    found = _first_known(paths[:1], columns)
    if found.name != format.name:
        raise UserError(
            f"{paths[0]}: expected {format.title}, as in the first files of the source, found {found.title}. Give "
            "this file a source of its own."
        )
