"""The run folder (``trainer.default_root_dir``): its lock, checkpoints, and moving an earlier run aside.

config.yaml         the complete configuration
environment.json    of each start: command, git state, package versions, hardware
checkpoints/        best.ckpt and last.ckpt
predictions/        texts and tags of the last and the best validation, and of each (named) validate, test and predict
tensorboard/        logs
tokenizer/          if the run trained one
metrics.json        metrics of the best and the last validation, and of each (named) validate and test
.lock               which process trains here
"""

from __future__ import annotations

import re
import shutil
from itertools import chain
from pathlib import Path
from typing import IO

from gner.errors import UserError, first_line, last_line
from gner.locks import lock, read_owner, this_process

CHECKPOINTS = "checkpoints"
TENSORBOARD = "tensorboard"
_LOCK = ".lock"
MOST_CHARACTERS = 100
"""Of the name of an evaluation; file systems allow 255 bytes, of which a letter may take two."""
_NAME = re.compile(rf"[\w.+=-]{{1,{MOST_CHARACTERS}}}")


class RunLock:
    """Keeps a second fit out of a run folder while one trains there.

    Args:
        run_dir: The folder; created if missing.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     first = RunLock(Path(folder, "run"))
        ...     print(first.take(archives=True))  # no earlier run to move aside
        ...     first.release()
        None
    """

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._file: IO[str] | None = None

    def take(self, *, archives: bool) -> Path | None:
        """Lock the folder for this fit.

        Args:
            archives: Move an earlier run aside; see `archive`.

        Returns:
            The new path of an earlier run, or None.

        Raises:
            UserError: It is a file, is not writable, or another process trains there.
        """
        try:
            self._take()
            archived = archive(self._run_dir) if archives else None
            if archived is not None:
                self._take()
        except OSError as error:
            raise UserError(
                f"Expected a writable run folder, got trainer.default_root_dir={self._run_dir}: {first_line(error)}. "
                "Set it to another one."
            ) from error
        return archived

    def _take(self) -> None:
        if self._run_dir.exists() and not self._run_dir.is_dir():
            raise UserError(
                f"Expected a run folder, but trainer.default_root_dir={self._run_dir} is a file. Set it to another "
                "path."
            )
        self._run_dir.mkdir(parents=True, exist_ok=True)
        path = self._run_dir / _LOCK
        owner = read_owner(path)
        file = path.open("a+", encoding="utf-8")
        if not lock(file, owner):
            file.close()
            raise UserError(
                f"Expected an unused run folder, but {owner or 'another process'} is training in {self._run_dir}. Set "
                "trainer.default_root_dir to another folder, or wait until that run ends."
            )
        self.release()
        file.truncate(0)
        host, pid = this_process()
        file.write(f"{host} {pid}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Unlock the folder."""
        if self._file is not None:
            self._file.close()
            self._file = None


def archive(run_dir: Path) -> Path | None:
    """Move an earlier run that has checkpoints aside: ``runs/x`` becomes ``runs/x.1``.

    Returns:
        Its new path, or None if there was none.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as runs:
        ...     Path(runs, "recipes", CHECKPOINTS, "last.ckpt").mkdir(parents=True)
        ...     archive(Path(runs, "recipes")).name, archive(Path(runs, "recipes"))
        ('recipes.1', None)
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

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Path(folder, CHECKPOINTS).mkdir()
        ...     Path(folder, CHECKPOINTS, "last.ckpt").touch()
        ...     find_checkpoint(Path(folder), "last").name
        'last.ckpt'
        >>> find_checkpoint(Path("runs/none"), "best")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a checkpoint at runs/none/checkpoints/best.ckpt, but there is none. ...
    """
    path = run_dir / CHECKPOINTS / f"{which}.ckpt" if which in ("best", "last") else Path(which)
    for candidate in (path, _previous(path)):
        if candidate.exists():
            return candidate
    raise UserError(
        f"Expected a checkpoint at {path}, but there is none. Set --ckpt_path to best, last or a path; best and last "
        f"are searched for in the run folder, trainer.default_root_dir={run_dir}."
    )


def check_name(name: str) -> str:
    """The name of an evaluation, which becomes part of the names of its files.

    Raises:
        UserError: It has path separators or other characters that do not belong into the name of a file.

    Example:
        >>> check_name("beams=4")
        'beams=4'
        >>> check_name("../beams")
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected up to 100 letters, digits, or any of `_.+=-`, got `../beams`. Set --name.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"Expected up to 100 letters, digits, or any of `_.+=-`, got `{name}`. Set --name.")
    return name


def other_checkpoints(run_dir: Path, broken: Path) -> list[Path]:
    """The checkpoints that a run can be resumed from when one is broken, newest first.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     checkpoints = Path(folder, CHECKPOINTS)
        ...     checkpoints.mkdir()
        ...     for name in ("best.ckpt", "last.ckpt", "last.ckpt.unfinished"):
        ...         (checkpoints / name).touch()
        ...     [path.name for path in other_checkpoints(Path(folder), broken=checkpoints / "last.ckpt")]
        ['best.ckpt']
    """
    folders = {run_dir / CHECKPOINTS, broken.parent}
    found = chain.from_iterable(folder.glob("*.ckpt*") for folder in folders)
    others = (path for path in found if path.resolve() != broken.resolve())
    whole = (path for path in others if not path.name.endswith(".unfinished"))
    return sorted(whole, key=lambda path: path.stat().st_mtime, reverse=True)


def replace(path: Path, replacement: Path) -> None:
    """Replace a file or folder by another; at any moment `find_checkpoint` finds one of the two, complete."""
    previous = _previous(path)
    if path.is_dir() or (path.exists() and replacement.is_dir()):
        _remove(previous)
        path.rename(previous)
    replacement.replace(path)
    _remove(previous)


def write_error(path: Path, error: BaseException) -> UserError:
    """The error for a checkpoint that could not be written, for example on a full disk.

    Example:
        >>> print(write_error(Path("last.ckpt"), OSError("No space left on device")))  # doctest: +ELLIPSIS
        Could not write the checkpoint last.ckpt: No space left on device. Make room, or set ...
    """
    earlier = "The earlier one there is unchanged. " if path.exists() else ""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)  # torch's own errors do not give the reason
    why = next((cause for cause in causes if isinstance(cause, OSError)), error)
    return UserError(
        f"Could not write the checkpoint {path}: {last_line(why)}. {earlier}"
        "Make room, or set trainer.default_root_dir to another disk, and resume with --ckpt_path last."
    )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.previous")
