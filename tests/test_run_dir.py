"""The run folder: its lock, checkpoints, and earlier runs."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gner.locks import this_process
from gner.run_dir import RunLock, find_checkpoint, replace
from tests.runs import refused, run_command

REPOSITORY = Path(__file__).parents[1]


def test_a_new_run_moves_the_earlier_one_aside(config: Path, tmp_path: Path) -> None:
    for _ in range(2):
        run_command("fit", config, "--trainer.max_steps", "2")
    for name in ("run", "run.1"):
        assert (tmp_path / name / "config.yaml").exists()


@pytest.mark.parametrize("kinds", ["file file", "file folder", "folder file", "folder folder"])
def test_a_checkpoint_replaces_one_of_another_kind(kinds: str, tmp_path: Path) -> None:
    def make(kind: str, name: str) -> Path:
        path = tmp_path / name
        if kind == "folder":
            path.mkdir()
        file = path / "meta.pt" if kind == "folder" else path
        file.write_text(name, encoding="utf-8")
        return path

    before, after = kinds.split()
    path = make(before, "last.ckpt")
    for number in range(2):
        replace(path, make(after, f"new{number}"))
        assert list(tmp_path.iterdir()) == [path]
        assert path.is_dir() == (after == "folder")


def test_a_checkpoint_is_found_after_a_kill_while_it_was_replaced(tmp_path: Path) -> None:
    last = tmp_path / "checkpoints" / "last.ckpt"
    unfinished = last.with_name("new")
    for folder, text in ((last, "old"), (unfinished, "new")):
        folder.mkdir(parents=True)
        (folder / "meta.pt").write_text(text, encoding="utf-8")
    last.rename(last.with_name("last.ckpt.previous"))  # as after a kill at this moment
    assert (find_checkpoint(tmp_path, "last") / "meta.pt").read_text(encoding="utf-8") == "old"
    replace(last, unfinished)
    assert (find_checkpoint(tmp_path, "last") / "meta.pt").read_text(encoding="utf-8") == "new"
    assert [path.name for path in last.parent.iterdir()] == ["last.ckpt"]


def test_a_second_fit_in_a_run_folder_is_refused_while_the_first_runs(
    config: Path, tmp_path: Path, capsys: Any
) -> None:
    run_command("fit", config, "--trainer.max_steps", "2")
    first = RunLock(tmp_path / "run")
    first.take(archives=False)
    for options in ([], ["--ckpt_path", "last"]):
        message = refused("fit", config, capsys, *options)
        assert str(this_process()) in message
        assert "trainer.default_root_dir" in message
    assert not (tmp_path / "run.1").exists()
    first.release()
    run_command("fit", config, "--trainer.max_steps", "2")
    assert (tmp_path / "run.1").exists()


def test_the_lock_of_a_killed_fit_is_released(tmp_path: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path; from gner.run_dir import RunLock;"
        f"RunLock(Path({str(tmp_path)!r})).take(archives=False); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)
    assert ended.returncode < 0
    RunLock(tmp_path).take(archives=False)
