"""The folder of a run: ``trainer.default_root_dir``.

config.yaml         the whole configuration, as it was used
checkpoints/        best.ckpt and last.ckpt
predictions/        texts and tags of the last and the best validation
tensorboard/        logs
tokenizer/          where the run trained one
metrics.json        best and last metrics
"""

from __future__ import annotations

import shutil
from pathlib import Path

from gner.errors import UserError

CHECKPOINTS = "checkpoints"
TENSORBOARD = "tensorboard"


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
    reason = [type(why).__name__, *str(why).strip().splitlines()][-1]
    return UserError(
        f"Could not write the checkpoint {path}: {reason}. {earlier}"
        "Make room, or set trainer.default_root_dir to another disk, and go on with --ckpt_path last."
    )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.previous")
