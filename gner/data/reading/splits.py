"""Detects which files of a folder hold which split, from their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from gner.data.reading.split_names import Kind, Split, differ_only_in_split, kind_of, split_of, without_split
from gner.errors import UserError, did_you_mean

WHOLE = "all"
"""Name of the single part of a source without splits."""
_NUM_SHOWN = 5

_NOT_DATA = re.compile(
    r"\..*|readme.*|licen[sc]e.*|labels?\..*|types?\.(txt|json)|.*configs?\.json|dataset_infos?\.json|dataset_dict\.json"
    r"|state\.json|synthetic\.json|.*guidelines?\..*|.*\.(md|py|conf|cfg|ya?ml|pdf|sh|lock|unfinished)",
    re.IGNORECASE,
)


def find_parts(folder: Path, *, by_file: bool) -> dict[str, list[Path]]:
    """The data files of a folder by split.

    The split is in a folder's name or, if ``by_file``, in a file's. Files without one are the part `WHOLE`. Subfolders
    are searched if their name has a split, or if there is nothing else. The files of a split are in natural order.

    Raises:
        UserError: A split has files of several kinds, or in several folders, so it may be there twice.
    """
    parts: dict[str, list[Path]] = {}
    for path in _find_data_files(folder, by_file=by_file):
        names = path.relative_to(folder).parts
        parts.setdefault(_first_kind(names if by_file else names[:-1]) or WHOLE, []).append(path)
    if "eval" in parts:
        parts.setdefault(roles(parts).get("eval", WHOLE), []).extend(parts.pop("eval"))
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
    return sorted({*top, *inner}, key=_natural_order)


def _is_split_folder(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".") and split_of(path.name) is not None


def _first_kind(names: Iterable[str]) -> Kind | None:
    kinds = [kind for name in names if (kind := kind_of(name))]
    return next((kind for kind in kinds if kind != "eval"), kinds[0] if kinds else None)


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
    """The files beside a file whose names differ only in the split, in natural order.

    Example:
        >>> siblings(Path("/nowhere/train.conll"))
        []
    """
    if split_of(path.name) is None or not path.parent.is_dir():
        return []
    others = (other for other in path.parent.iterdir() if other != path)
    return sorted((other for other in others if differ_only_in_split(path.name, other.name)), key=_natural_order)


def _natural_order(path: Path) -> list[tuple[str, int, str]]:
    """A key that sorts the number 2 before 10."""
    pieces = re.findall(r"(\D*)(\d*)", "\0".join(path.parts))
    return [(text, int(number or -1), number) for text, number in pieces]


def roles(names: Iterable[str]) -> dict[str, Split]:
    """The split that each of several names stands for; ``eval`` is dev or, beside a dev, test.

    Names that say more than a split, such as ``train-small``, stand for none; neither does an ``eval`` beside dev and
    test.

    Example:
        >>> roles(["train", "dev", "eval"]), roles(["training", "eval"]), roles(["all"])
        ({'train': 'train', 'dev': 'dev', 'eval': 'test'}, {'training': 'train', 'eval': 'dev'}, {})
    """
    kinds = {name: kind for name in names if (kind := kind_of(name)) and not without_split(name)}
    evaluated: tuple[Split, ...] = ("dev", "test")
    free = next((split for split in evaluated if split not in kinds.values()), None)
    found: dict[str, Split] = {}
    for name, kind in kinds.items():
        split = free if kind == "eval" else kind
        if split is not None:
            found[name] = split
    return found


def listed(names: Sequence[str]) -> str:
    """Names in a message, at most five.

    Example:
        >>> listed(["a.txt", "b.txt"]), listed([f"{number}.txt" for number in range(8)])
        ('a.txt, b.txt', '0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 3 more')
    """
    more = f" and {len(names) - _NUM_SHOWN:,} more" if len(names) > _NUM_SHOWN else ""
    return ", ".join(names[:_NUM_SHOWN]) + more


def check_files_tell(path: str, files: Sequence[Path]) -> None:
    """Raise if there are several files and none tells its split: they would be trained on and validated on alike.

    Raises:
        UserError: There are several.
    """
    if len(files) > 1:
        names = listed([file.name for file in files])
        raise UserError(
            f"{path}: expected files whose names tell their split, such as train.txt and dev.txt, found {names}. "
            f"Rename them, or set `split` of the source: `{WHOLE}` reads all of them for any split, and fractions such "
            "as {dev: 0.1, test: 0.1} divide their sentences."
        )


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
        hint = did_you_mean(split, names) if split is not None else ""
        raise UserError(
            f"{path}: expected a split called {expected}, found {', '.join(names) or 'no data file'}.{hint} Set "
            "`split` of the source to one of these, or its path to a file."
        )
    return found


def _part_for(names: Sequence[str], wanted: Split) -> str | None:
    if wanted in names:
        return wanted
    if list(names) == [WHOLE]:
        return WHOLE
    return next((name for name, role in roles(names).items() if role == wanted), None)


def _part_named(names: Sequence[str], split: str) -> str | None:
    """The part of this name, or else one with a synonym, as ``dev`` for ``validation``."""
    if split in names:
        return split
    kind = None if without_split(split) else kind_of(split)
    meant = ("dev", "test") if kind == "eval" else (kind,)
    found = [name for name, role in roles(names).items() if role in meant]
    return found[0] if len(found) == 1 else None
