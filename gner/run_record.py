"""What a run was started with: command, git state, package versions and hardware, in ``environment.json``."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer

from gner.files import replacing

FILE = "environment.json"
_PACKAGES = (
    *("gner", "torch", "lightning", "transformers", "tokenizers", "peft", "bitsandbytes", "datasets", "torchmetrics"),
    *("omegaconf", "jsonargparse", "numpy", "rapidfuzz"),
)
_GIT_LIMIT_S = 10


def record_start(folder: Path, trainer: Trainer) -> None:
    """Add this start to those of a run folder: a run that is resumed has several.

    Environment variables are not recorded, since they hold keys.

    Args:
        folder: The run folder.
        trainer: Whose devices and precision are recorded.
    """
    path = folder / FILE
    starts = _earlier(path) if path.exists() else []
    with replacing(path) as file:
        file.write(json.dumps([*starts, _this_start(trainer)], indent=2) + "\n")


def _this_start(trainer: Trainer) -> dict[str, Any]:
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    packages = {name: found for name in _PACKAGES if (found := _version(name)) is not None}
    software = {"python": platform.python_version(), "platform": platform.platform(), "packages": packages}
    work = {"processes": trainer.world_size, "precision": str(trainer.precision)}
    command = {"started": started, "command": shlex.join(sys.argv), "git": git_state()}
    return {**command, **software, "hardware": _hardware(), **work}


def _earlier(path: Path) -> list[Any]:
    """The starts so far; a file that somebody edited into something else does not keep a run from starting."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    return found if isinstance(found, list) else []


def git_state(folder: Path | None = None) -> dict[str, Any] | None:
    """The commit of a folder's repository, and the files that differ from it; None without git or a repository.

    Args:
        folder: Where to look; the current folder by default.
    """
    commit = _git("rev-parse", "HEAD", folder=folder)
    if commit is None:
        return None
    changed = _git("status", "--porcelain", folder=folder) or ""
    return {"commit": commit.strip(), "changed": [line[3:] for line in changed.splitlines()]}


def _git(*arguments: str, folder: Path | None) -> str | None:
    try:
        ended = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=_GIT_LIMIT_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ended.stdout


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _hardware() -> dict[str, Any]:
    """Of this machine."""
    found: dict[str, Any] = {"host": platform.node(), "cpus": os.cpu_count(), "threads": torch.get_num_threads()}
    if torch.cuda.is_available():
        devices = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
        found["gpus"] = [{"name": device.name, "bytes": device.total_memory} for device in devices]
        found["cuda"] = torch.version.cuda
    return found
