"""The folder of a run: ``trainer.default_root_dir``.

config.yaml         the whole configuration, as it was used
checkpoints/        best.ckpt and last.ckpt
predictions/        texts and tags of the last and the best validation
tensorboard/        logs
tokenizer/          where the run trained one
metrics.json        best and last metrics
.lock               which process trains here
"""

from __future__ import annotations

import shutil
from itertools import chain
from pathlib import Path
from typing import IO

from gner.errors import UserError, first_line, last_line
from gner.locks import lock, read_owner, this_process

CHECKPOINTS = "checkpoints"
TENSORBOARD = "tensorboard"
_LOCK = ".lock"


class RunLock:
    """Keeps a second fit out of a run folder while one trains there.

    Args:
        run_dir: The folder; made if it is not there.
    """

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._file: IO[str] | None = None

    def take(self, *, archives: bool) -> Path | None:
        """Take the folder, if it can be used and nobody else trains there.

        Args:
            archives: Move an earlier run out of the way; see `archive`.

        Returns:
            Where an earlier run is now, or None.

        Raises:
            UserError: It is a file, it cannot be written to, or another run is there.
        """
        try:
            self._take()
            archived = archive(self._run_dir) if archives else None
            if archived is not None:
                self._take()
        except OSError as error:
            raise UserError(
                f"Expected a folder for the run that can be written to, got trainer.default_root_dir={self._run_dir}: "
                f"{first_line(error)}. Set it to another one."
            ) from error
        return archived

    def _take(self) -> None:
        if self._run_dir.exists() and not self._run_dir.is_dir():
            raise UserError(
                f"Expected a folder for the run, but trainer.default_root_dir={self._run_dir} is a file. Set it to "
                "another path."
            )
        self._run_dir.mkdir(parents=True, exist_ok=True)
        path = self._run_dir / _LOCK
        owner = read_owner(path)
        file = path.open("a+", encoding="utf-8")
        if not lock(file, owner):
            file.close()
            raise UserError(
                f"Expected a run folder of its own, but {owner or 'another process'} trains in {self._run_dir}. Set "
                "trainer.default_root_dir to another folder, or wait for the end of that run."
            )
        self.release()
        file.truncate(0)
        host, pid = this_process()
        file.write(f"{host} {pid}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let others train here."""
        if self._file is not None:
            self._file.close()
            self._file = None


def archive(run_dir: Path) -> Path | None:
    """Move an earlier run that has checkpoints out of the way: ``runs/x`` becomes ``runs/x.1``.

    Returns:
        Where it is now, or None if there was none.
    """
    if not any((run_dir / CHECKPOINTS).glob("*")):
        return None
    number = 1
    while (archived := run_dir.with_name(f"{run_dir.name}.{number}")).exists():
        number += 1
    run_dir.rename(archived)
    return archived


def find_checkpoint(run_dir: Path, which: str) -> Path:
    """The path of ``best`` or ``last`` of a run, or of any checkpoint.

    Raises:
        UserError: There is no such checkpoint.
    """
    path = run_dir / CHECKPOINTS / f"{which}.ckpt" if which in ("best", "last") else Path(which)
    for candidate in (path, _previous(path)):
        if candidate.exists():
            return candidate
    raise UserError(
        f"Expected a checkpoint at {path}, but there is none. Set --ckpt_path to best, last or a path; best and last "
        f"are looked for in the run folder, trainer.default_root_dir={run_dir}."
    )


def other_checkpoints(run_dir: Path, broken: Path) -> list[Path]:
    """What else there is to go on from, where a checkpoint of a run cannot be read: the newest first."""
    folders = {run_dir / CHECKPOINTS, broken.parent}
    found = chain.from_iterable(folder.glob("*.ckpt*") for folder in folders)
    others = (path for path in found if path.resolve() != broken.resolve())
    whole = (path for path in others if not path.name.endswith(".unfinished"))
    return sorted(whole, key=lambda path: path.stat().st_mtime, reverse=True)


def replace(path: Path, replacement: Path) -> None:
    """Put a file or folder in the place of another; at any moment `find_checkpoint` finds one of the two, whole."""
    previous = _previous(path)
    if path.is_dir() or (path.exists() and replacement.is_dir()):
        _remove(previous)
        path.rename(previous)
    replacement.replace(path)
    _remove(previous)


def refuse_unwritten(path: Path, error: BaseException) -> UserError:
    """What to tell when a checkpoint could not be written, for example because the disk is full."""
    earlier = "The earlier one there is as it was. " if path.exists() else ""
    chain = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(before)  # torch's own errors do not say why
    why = next((link for link in chain if isinstance(link, OSError)), error)
    return UserError(
        f"Could not write the checkpoint {path}: {last_line(why)}. {earlier}"
        "Make room, or set trainer.default_root_dir to another disk, and go on with --ckpt_path last."
    )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.previous")
