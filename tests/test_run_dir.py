"""The run folder: its lock, checkpoints, and earlier runs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gner.errors import UserError
from gner.locks import this_process
from gner.run_dir import RunLock, archive, check_name, find_checkpoint, other_checkpoints, replace, write_error
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


def test_other_checkpoints_of_a_run_are_listed_with_the_newest_first(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for age, name in enumerate(("last.ckpt", "best.ckpt", "last.ckpt.previous", "new.ckpt.unfinished")):
        (folder / name).touch()
        os.utime(folder / name, (1000 - age, 1000 - age))
    found = other_checkpoints(tmp_path, folder / "last.ckpt")
    assert [path.name for path in found] == ["best.ckpt", "last.ckpt.previous"]


def test_only_a_run_with_checkpoints_is_moved_aside(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    assert archive(run) is None
    (run / "checkpoints" / "last.ckpt").touch()
    assert archive(run) == tmp_path / "run.1"
    assert not run.exists()


def test_an_error_of_writing_names_its_cause_and_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    error = RuntimeError("torch says little")
    error.__cause__ = OSError(28, "No space left on device")
    assert "last.ckpt: [Errno 28] No space left on device. Make room" in str(write_error(path, error))
    path.touch()
    assert "The earlier one there is unchanged" in str(write_error(path, error))


@pytest.mark.parametrize("name", ["", "a/b", "a\\b", "..\n", "a b", "x" * 101, "nul\0"])
def test_a_name_that_is_no_part_of_a_file_name_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="Set --name"):
        check_name(name)
