"""The folder that a corpus is written to: checked before, complete or not there after."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gner.errors import UserError
from gner.run_dir import replace

REPORT = "report.md"
"""In every folder that was written; readers ignore it."""
_TITLE = "# Converted by gner.data.convert"
_FILE = "* "
"""Begins the line of a file in the report."""


def check_out_folder(out: Path, source: str, *, overwrite: bool) -> None:
    """Check that writing a folder destroys nothing.

    Args:
        out: The folder.
        source: Path of what will be read.
        overwrite: Replace what was written before.

    Raises:
        UserError: It is the source or in it, a file, or has files that may not be replaced.
    """
    _check_apart(out.resolve(), Path(source).resolve(), out)
    if out.exists() and not out.is_dir():
        raise UserError(f"Expected a folder for --out, but {out} is a file. Name another.")
    files = sorted(out.iterdir()) if out.is_dir() else []
    if files and not overwrite:
        raise UserError(
            f"Expected a new folder for --out, but {out} has files, such as {files[0].name}. Name another, or give "
            "--overwrite to replace what was converted before."
        )
    known = _written_before(out / REPORT)
    other = next((path for path in files if path.name not in known), None)
    if other is not None:
        raise UserError(
            f"Expected only files that gner.data.convert wrote in the folder for --overwrite, but {other} is another. "
            "Name another folder, or remove this one."
        )


def write_report(folder: Path, text: str) -> None:
    """Write the report, with a list of the files that the folder has now.

    Args:
        folder: The folder.
        text: The report; its lines are shown literally.
    """
    names = sorted([*(path.name for path in folder.iterdir()), REPORT])
    lines = [f"    {line}".rstrip() for line in text.split("\n")]
    page = [_TITLE, "", *lines, "", *(f"{_FILE}{name}" for name in names), ""]
    (folder / REPORT).write_text("\n".join(page), encoding="utf-8")


def _written_before(report: Path) -> set[str]:
    """The files that a report lists; none without one."""
    lines = report.read_text(encoding="utf-8").split("\n") if report.is_file() else []
    if lines[:1] != [_TITLE]:
        return set()
    return {line.removeprefix(_FILE) for line in lines if line.startswith(_FILE)}


def _check_apart(place: Path, source: Path, out: Path) -> None:
    if not source.exists():
        return
    if place == source or place.is_relative_to(source):
        raise UserError(f"Expected a folder for --out outside of the source, which is read whole, got {out}.")
    if source.is_relative_to(place):
        raise UserError(f"Expected another folder for --out: the source is in {out}.")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write into, which gets its name once all is written, and then replaces the one that had it.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as parent:
        ...     with new_folder(Path(parent, "out")) as folder:
        ...         _ = Path(folder, "a.txt").write_text("Ada")
        ...         before = Path(parent, "out").exists()
        ...     before, Path(parent, "out", "a.txt").read_text()
        (False, 'Ada')
    """
    path = path.resolve()
    unfinished = path.with_name(f"{path.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        replace(path, unfinished)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
