"""Which files hold which split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from gner.errors import UserError

Split = Literal["train", "dev", "test"]
WHOLE = "all"
"""Name of the part of a source that has no splits."""

_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("dev", "devel", "development", "valid", "validation", "val", "testa"), "dev"),
    **dict.fromkeys(("test", "testing", "testb"), "test"),
}
_PARTS = re.compile(rf"[._\-\s]+|(?<=\d)(?=(?:{'|'.join(_WORDS)})(?:[._\-\s]|$))", re.IGNORECASE)
_ABOUT = re.compile(
    r"\..*|readme.*|licen[sc]e.*|labels?\..*|types?\.(txt|json)|.*configs?\.json|dataset_infos?\.json|dataset_dict\.json"
    r"|state\.json|synthetic\.json|.*\.(md|py|conf|cfg|ya?ml|pdf|sh|lock|unfinished)",
    re.IGNORECASE,
)
_Value = TypeVar("_Value")


_SPLIT_NAMES: dict[Split, str] = {"train": "train", "dev": "dev or validation", "test": "test"}
_ORDER = {split: place for place, split in enumerate(("train", "dev", "test"))}


def split_of(name: str) -> Split | None:
    """The split that a name of a file, a folder or a table tells.

    Example:
        >>> split_of("eng.testa"), split_of("train-00000-of-00002.parquet"), split_of("latest.json")
        ('dev', 'train', None)
        >>> split_of("wnut17train.conll")
        'train'
    """
    return next((_WORDS[part] for part in _PARTS.split(name.lower()) if part in _WORDS), None)


def find_parts(folder: Path, *, by_file: bool) -> dict[str, list[Path]]:
    """The data files of a folder by split.

    A split is named by a folder or, if ``by_file``, by a file. Where no name has one, all files are the part `WHOLE`.
    Inner folders are read if their name has a split, or if there is nothing beside them.

    Raises:
        UserError: A split has files of several kinds, or in several folders, as if it were there twice.
    """
    top = _data_files(folder.iterdir())
    named = [child for child in folder.iterdir() if _is_split_folder(child)]
    inner: list[Path] = []
    for child in named if top or named else [folder]:
        inner += _data_files(all_files(child))
    if by_file and not top and not named:
        _refuse_configurations(folder, inner)
    parts: dict[str, list[Path]] = {}
    for path in sorted({*top, *inner}):
        parts.setdefault(_part_of(path.relative_to(folder), by_file=by_file), []).append(path)
    if by_file:
        _refuse_mixed_kinds(folder, parts)
    return dict(sorted(parts.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER))))


def _is_split_folder(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".") and split_of(path.name) is not None


def _part_of(path: Path, *, by_file: bool) -> str:
    """The split that the first telling name on the way to a file has, or `WHOLE`."""
    names = path.parts if by_file else path.parts[:-1]
    return next(filter(None, map(split_of, names)), WHOLE)


def _refuse_mixed_kinds(folder: Path, parts: Mapping[str, Sequence[Path]]) -> None:
    """Refuse files of several kinds for a split, which are likely the same data twice."""
    for part, files in parts.items():
        num_kinds = len({path.suffix for path in files})
        if part != WHOLE and num_kinds > 1 and len({path.parent for path in files}) == 1:
            found = ", ".join(path.name for path in files)
            raise UserError(
                f"{folder}: expected files of one kind for {part}, found {found}. Set the path of the source to "
                "one of them, or move the others away."
            )


def _refuse_configurations(folder: Path, paths: Iterable[Path]) -> None:
    """Refuse a folder of folders with the same splits, as copies of hub datasets with several configurations are."""
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


def all_files(folder: Path) -> list[Path]:
    """The files below a folder, in order, but for those that are hidden, such as ``.git`` and ``.cache``."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def unread_files(folder: Path, parts: Mapping[str, Sequence[Path]]) -> list[Path]:
    """The data files of a folder that serve no split."""
    read: set[Path] = set()
    for name, paths in parts.items():
        if name != WHOLE or len(parts) == 1:
            read.update(paths)
    return [path for path in _data_files(all_files(folder)) if path not in read]


def _data_files(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.is_file() and not _ABOUT.fullmatch(path.name)]


def siblings(path: Path) -> list[Path]:
    """The files of the other splits beside a file: those whose name differs only in the word for the split.

    Example:
        >>> siblings(Path("/nowhere/train.conll"))
        []
    """
    if split_of(path.name) is None or not path.parent.is_dir():
        return []
    gap = _with_gap(path.name)
    others = [other for other in path.parent.iterdir() if other != path and split_of(other.name)]
    return sorted(other for other in others if _with_gap(other.name) == gap)


def with_siblings(file: Path) -> dict[str, list[Path]]:
    """A file and those of the other splits beside it, by split; its own split comes first."""
    parts = {split_of(file.name) or WHOLE: [file]}
    for other in siblings(file):
        parts.setdefault(split_of(other.name) or other.name, []).append(other)
    return parts


def without_split(name: str) -> str:
    """A name without the words that tell the split.

    Example:
        >>> without_split("news-train.v2"), without_split("train")
        ('news-v2', '')
    """
    if split_of(name) is None:
        return name
    return "-".join(part for part in _PARTS.split(name) if part and part.lower() not in _WORDS)


def _with_gap(name: str) -> list[str]:
    return ["" if part in _WORDS else part for part in _PARTS.split(name.lower())]


def choose_part(path: str, parts: dict[str, _Value], wanted: Split, split: str | None) -> str:
    """The name of the part that is read for a split.

    Args:
        path: Of the source, for messages.
        parts: What is there, by name.
        wanted: What it is for.
        split: The name that the source sets, if it does.

    Raises:
        UserError: There is none.
    """
    name, role = (wanted, wanted) if split is None else (split, split_of(split))
    found = [part for part in parts if part == name]
    if role is not None:
        found += [part for part in parts if _role(part) == role]
    if not found and split is None and list(parts) == [WHOLE]:
        found = [WHOLE]
    if not found:
        what = split or _SPLIT_NAMES[wanted]
        raise UserError(
            f"{path}: expected a split called {what}, found {_listed(list(parts))}. Set `split` of the source to one "
            "of these, or its path to a file."
        )
    return found[0]


def _role(name: str) -> Split | None:
    return _WORDS.get(name.lower())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "no data file"
