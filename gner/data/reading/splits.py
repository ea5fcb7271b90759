"""Detects which files of a folder hold which split, from their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from gner.errors import UserError

Split = Literal["train", "dev", "test"]
WHOLE = "all"
"""Name of the single part of a source without splits."""

_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("dev", "devel", "development", "valid", "validation", "val", "testa"), "dev"),
    **dict.fromkeys(("test", "testing", "testb"), "test"),
}
_PARTS = re.compile(rf"[._\-\s]+|(?<=\d)(?=(?:{'|'.join(_WORDS)})(?:[._\-\s]|$))", re.IGNORECASE)
_NOT_DATA = re.compile(
    r"\..*|readme.*|licen[sc]e.*|labels?\..*|types?\.(txt|json)|.*configs?\.json|dataset_infos?\.json|dataset_dict\.json"
    r"|state\.json|synthetic\.json|.*\.(md|py|conf|cfg|ya?ml|pdf|sh|lock|unfinished)",
    re.IGNORECASE,
)


def split_of(name: str) -> Split | None:
    """The split in the name of a file, a folder or a table; None without any.

    Example:
        >>> split_of("eng.testa"), split_of("train-00000-of-00002.parquet"), split_of("latest.json")
        ('dev', 'train', None)
        >>> split_of("wnut17train.conll")
        'train'
    """
    return next((_WORDS[part] for part in _PARTS.split(name.lower()) if part in _WORDS), None)


def find_parts(folder: Path, *, by_file: bool) -> dict[str, list[Path]]:
    """The data files of a folder by split.

    The split is in a folder's name or, if ``by_file``, in a file's. Files without one are the part `WHOLE`. Subfolders
    are searched if their name has a split, or if there is nothing else.

    Raises:
        UserError: A split has files of several kinds, or in several folders, so it may be there twice.
    """
    parts: dict[str, list[Path]] = {}
    for path in _find_data_files(folder, by_file=by_file):
        names = path.relative_to(folder).parts
        split = _first_split(names if by_file else names[:-1])
        parts.setdefault(split or WHOLE, []).append(path)
    if by_file:
        _check_one_kind(folder, parts)
    return {name: parts[name] for name in (*get_args(Split), WHOLE) if name in parts}


def _find_data_files(folder: Path, *, by_file: bool) -> list[Path]:
    top = _data_files(folder.iterdir())
    split_folders = [child for child in folder.iterdir() if _is_split_folder(child)]
    inner: list[Path] = []
    for child in split_folders if top or split_folders else [folder]:
        inner += _data_files(all_files(child))
    if by_file and not top and not split_folders:
        _check_one_configuration(folder, inner)
    return sorted({*top, *inner})


def _is_split_folder(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".") and split_of(path.name) is not None


def _first_split(names: Iterable[str]) -> Split | None:
    return next((split for name in names if (split := split_of(name))), None)


def _check_one_configuration(folder: Path, paths: Iterable[Path]) -> None:
    """Raise if several subfolders have the same split, as in copies of hub datasets with several configurations."""
    found: dict[Split, set[str]] = {}
    for path in paths:
        split = split_of(path.name)
        if split is not None:
            found.setdefault(split, set()).add(path.relative_to(folder).parts[0])
    for split, names in found.items():
        if len(names) > 1:
            raise UserError(
                f"{folder}: expected one folder with {split}, found {', '.join(sorted(names))}. Set `subset` of the "
                "source to one of them, or its path to that folder."
            )


def _check_one_kind(folder: Path, parts: Mapping[str, Sequence[Path]]) -> None:
    """Raise if a split has files of several kinds in one folder."""
    for part, files in parts.items():
        kinds = {path.suffix for path in files}
        folders = {path.parent for path in files}
        if part != WHOLE and len(kinds) > 1 and len(folders) == 1:
            raise UserError(
                f"{folder}: expected files of one kind for {part}, found {', '.join(path.name for path in files)}. Set "
                "the path of the source to one of them, or move the others away."
            )


def all_files(folder: Path) -> list[Path]:
    """The files below a folder, sorted, without hidden ones such as those in ``.git`` and ``.cache``."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def unread_files(folder: Path, parts: Mapping[str, Sequence[Path]]) -> list[Path]:
    """The data files of a folder that belong to no split."""
    read: set[Path] = set()
    for name, paths in parts.items():
        if name != WHOLE or len(parts) == 1:
            read.update(paths)
    return [path for path in _data_files(all_files(folder)) if path not in read]


def _data_files(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.is_file() and not _NOT_DATA.fullmatch(path.name)]


def siblings(path: Path) -> list[Path]:
    """The files of the other splits beside a file: those whose names differ only in the split.

    Example:
        >>> siblings(Path("/nowhere/train.conll"))
        []
    """
    if split_of(path.name) is None or not path.parent.is_dir():
        return []
    pattern = _blank_split(path.name)
    others = [other for other in path.parent.iterdir() if other != path and split_of(other.name)]
    return sorted(other for other in others if _blank_split(other.name) == pattern)


def without_split(name: str) -> str:
    """A name without its split.

    Example:
        >>> without_split("news-train.v2"), without_split("train")
        ('news-v2', '')
    """
    if split_of(name) is None:
        return name
    return "-".join(part for part in _PARTS.split(name) if part and part.lower() not in _WORDS)


def _blank_split(name: str) -> list[str]:
    """The parts of a name, with the split left blank."""
    return ["" if part in _WORDS else part for part in _PARTS.split(name.lower())]


def choose_part(path: str, parts: Iterable[str], wanted: Split, split: str | None) -> str:
    """The name of the part to read for a split.

    Args:
        path: Path of the source, for messages.
        parts: Names of the source's parts.
        wanted: The split that the run needs.
        split: The split that the source sets, if it does.

    Raises:
        UserError: There is no such part.
    """
    names = list(parts)
    found = _part_for(names, wanted) if split is None else _part_named(names, split)
    if found is None:
        expected = split or {"train": "train", "dev": "dev or validation", "test": "test"}[wanted]
        raise UserError(
            f"{path}: expected a split called {expected}, found {', '.join(names) or 'no data file'}. Set `split` of "
            "the source to one of these, or its path to a file."
        )
    return found


def _part_for(names: Sequence[str], wanted: Split) -> str | None:
    if wanted in names:
        return wanted
    if list(names) == [WHOLE]:
        return WHOLE
    return next((name for name in names if _role(name) == wanted), None)


def _part_named(names: Sequence[str], split: str) -> str | None:
    """The part of this name, or else one with a synonym, as ``dev`` for ``validation``."""
    if split in names:
        return split
    role = split_of(split)
    return next((name for name in names if role is not None and _role(name) == role), None)


def _role(name: str) -> Split | None:
    return _WORDS.get(name.lower())
