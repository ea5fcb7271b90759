"""What a run was started with is kept, for each of its starts."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

import gner
from gner.run_record import FILE, git_state
from tests.runs import run_command


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_a_resumed_run_has_both_starts(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hf_secret")
    run = tmp_path / "run"
    options = ["--trainer.default_root_dir", str(run)]
    run_command("fit", config, *options, "--trainer.max_steps", "1")
    run_command("fit", config, *options, "--trainer.max_steps", "2", "--ckpt_path", "last")
    text = (run / FILE).read_text(encoding="utf-8")
    first, second = json.loads(text)
    assert first["started"] <= second["started"]
    assert first["packages"]["torch"] == torch.__version__
    assert first["packages"]["gner"] == gner.__version__
    assert first["hardware"]["cpus"] > 0
    assert (first["processes"], first["precision"]) == (1, "32-true")
    assert "hf_secret" not in text


def test_a_broken_record_is_replaced(config: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / FILE).write_text("{", encoding="utf-8")
    run_command("fit", config, "--trainer.default_root_dir", str(tmp_path / "run"), "--trainer.max_steps", "1")
    assert len(json.loads((tmp_path / "run" / FILE).read_text(encoding="utf-8"))) == 1


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_git_state_names_commit_and_changes(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None
    _git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("1")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "Start")
    commit = _git(tmp_path, "rev-parse", "HEAD").strip()
    assert git_state(tmp_path) == {"commit": commit, "changed": []}
    (tmp_path / "train.py").write_text("2")
    (tmp_path / "new.py").touch()
    assert git_state(tmp_path) == {"commit": commit, "changed": ["train.py", "new.py"]}


def test_without_git_there_is_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) is None
