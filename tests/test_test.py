"""``python -m gner.test`` end to end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs import metrics_of, rows_of, run_command

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.slow
def test_two_processes_give_the_same_metrics_as_one(config: Path, tmp_path: Path) -> None:
    run_command("fit", config)
    run = tmp_path / "run"
    expected, metrics = rows_of(run, "val_last.jsonl"), metrics_of(run)["last"]["metrics"]
    command = [sys.executable, "-m", "gner.test", "--config", str(config), "--ckpt_path", "last"]
    two = ["--trainer.devices", "2", "--trainer.strategy", "ddp"]
    subprocess.run([*command, *two], check=True, timeout=900, cwd=REPOSITORY, env=os.environ)
    test = metrics_of(run)["test"]["metrics"]
    assert {name.removeprefix("test/"): value for name, value in test.items() if "loss" not in name} == {
        name.removeprefix("val/"): value for name, value in metrics.items() if "loss" not in name
    }
    rows = [{**row, "split": "val"} for row in rows_of(run, "test.jsonl")]
    assert rows == expected
