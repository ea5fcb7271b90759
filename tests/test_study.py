"""The command, on real trainings: killed and started again, it ends as if nothing had happened."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from gner.study import main
from tests.processes import members

REPOSITORY = Path(__file__).parents[1]
LIMIT_S = 900
STUDY: dict[str, Any] = {
    "base": "debug.yaml",
    "title": "A toy study",
    "settings": {"trainer.max_steps": 12, "trainer.val_check_interval": 4, "model.backbone.vocab_size": 330},
    "axes": {
        "boundaries": {"key": "model.format.init_args.boundaries", "values": ["bio", "none"]},
        "decoding": {"key": "model.decoding", "values": {"greedy": "Greedy", "forced": "Constrained"}},
    },
    "seeds": [0],
    "figure": {"x": "boundaries", "lines": "decoding"},
}


def _write(tmp_path: Path, name: str, **keys: Any) -> Path:
    file = tmp_path / f"{name}.yaml"
    settings = {**STUDY["settings"], "data.root": str(tmp_path / "data")}
    content = {**STUDY, "out": str(tmp_path / name), "settings": settings, **keys}
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return file


def _start(file: Path) -> subprocess.Popen[bytes]:
    with file.with_suffix(".log").open("ab") as log:
        command = [sys.executable, "-m", "gner.study", str(file)]
        return subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log, start_new_session=True)


def _wait_for(folder: Path, pattern: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not any(folder.glob(pattern)):
        assert process.poll() is None, "the study ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _numbers(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "results.csv").open(encoding="utf-8")))


@pytest.mark.slow
def test_a_study_that_is_killed_goes_on(tmp_path: Path) -> None:
    whole, killed = _write(tmp_path, "whole"), _write(tmp_path, "killed")
    main([str(whole)])
    process = _start(killed)
    _wait_for(tmp_path / "killed", "boundaries=bio/seed=0/run/checkpoints/last.ckpt", process)
    os.killpg(process.pid, signal.SIGKILL)  # the study and its training
    process.wait()
    process = _start(killed)
    _wait_for(tmp_path / "killed", "boundaries=none/seed=0/run/checkpoints/last.ckpt", process)
    process.kill()  # only the study: its training is an orphan, which the next one waits for
    process.wait()
    done = tmp_path / "killed" / "boundaries=bio" / "seed=0" / "run" / "metrics.json"
    stamp = done.stat().st_mtime_ns
    last = _start(killed)
    assert last.wait(LIMIT_S) == 0, killed.with_suffix(".log").read_text(encoding="utf-8")
    assert not members(last.pid)
    assert done.stat().st_mtime_ns == stamp  # what is done is not run again
    numbers = [row for row in _numbers(tmp_path / "whole") if row["metric"] != "seconds"]
    assert len(numbers) > 8
    assert [row for row in _numbers(tmp_path / "killed") if row["metric"] != "seconds"] == numbers


@pytest.mark.slow
def test_what_fails_is_named_and_the_rest_has_results(tmp_path: Path, capsys: Any) -> None:
    axes = {"steps": {"key": "trainer.max_steps", "values": [4, -7]}}
    file = _write(tmp_path, "partly", axes=axes, seeds=[0], figure=None, settings={"data.root": str(tmp_path / "data")})
    with pytest.raises(SystemExit) as ended:
        main([str(file), "--jobs", "2"])
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert "steps=-7, seed=0" in shown.err
    assert "Missing: steps=-7, seed=0" in (tmp_path / "partly" / "table.md").read_text(encoding="utf-8")
    state = json.loads((tmp_path / "partly" / "steps=4" / "seed=0" / "state.json").read_text(encoding="utf-8"))
    assert state["evaluated"] == {"test": {"checkpoint": "best", "settings": {}}}


def test_a_dry_run_shows_cells_and_plans(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    main([str(_write(tmp_path, "dry")), "--dry-run", "--tflops", "0.001"])
    shown = capsys.readouterr().out
    for said in ("boundaries=none, seed=0", "to run", "each of 1 seeds", "12"):
        assert said in shown
    assert not (tmp_path / "dry").exists()


def test_a_job_for_slurm_has_a_task_for_each_training(tmp_path: Path, capsys: Any) -> None:
    main([str(_write(tmp_path, "cluster")), "--launcher", "slurm"])
    script = tmp_path / "cluster" / "array_job.sh"
    assert f"sbatch {script}" in capsys.readouterr().out
    assert "--array=0-1" in script.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--only", "4"], "Expected --only from 0 to 1, got 4"), (["--jobs", "2", "--devices", "0"], "a device for each")],
)
def test_wrong_options_are_refused(options: list[str], message: str, tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(_write(tmp_path, "wrong")), *options])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_results_of_what_is_not_begun_are_all_missing(tmp_path: Path, capsys: Any) -> None:
    main([str(_write(tmp_path, "empty")), "--report"])
    assert "A toy study" in capsys.readouterr().out
    assert "Missing: boundaries=bio" in (tmp_path / "empty" / "table.md").read_text(encoding="utf-8")
