"""Finds the files of a folder that a format recognises, where others are beside them that are not data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from gner.data.reading.file_format import FileFormat, Sample
from gner.data.reading.splits import WHOLE, Split, all_files, split_of


def own_parts(format: FileFormat, folder: Path, suffixes: Sequence[str]) -> dict[str, list[Path]]:
    """The files of a format in a folder or below, by the split in the name of a folder or else of the file.

    Args:
        format: Recognises its files.
        folder: Where to look.
        suffixes: In lower case; other files are not opened.
    """
    parts: dict[str, list[Path]] = {}
    for path in all_files(folder):
        if path.suffix.lower() in suffixes and format.recognizes(Sample(path)):
            names = path.relative_to(folder).parts
            split = next((found for name in names if (found := split_of(name))), WHOLE)
            parts.setdefault(split, []).append(path)
    return {name: parts[name] for name in (*get_args(Split), WHOLE) if name in parts}
