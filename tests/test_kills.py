"""A sharded run that is killed and resumed ends like an uninterrupted one.

``GNER_KILLS=30 pytest -m slow tests/test_kills.py`` kills more often than by default.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

from tests.processes import members

REPOSITORY = Path(__file__).parents[1]
CONFIG = REPOSITORY / "configs" / "debug.yaml"
NUM_KILLS = int(os.environ.get("GNER_KILLS", "3"))
LIMIT_S = 900
NUM_STEPS = 30


def _start(run: Path, data: Path, *options: str) -> subprocess.Popen[bytes]:
    """A fit on two processes, in a session of its own; a checkpoint after every step, two validations, dropout."""
    backbone = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["model"]["backbone"]
    backbone["config"]["attention_dropout"] = 0.2
    settings: dict[str, Any] = {
        "model": {"optimization": {"schedule": "linear"}, "backbone": backbone},
        "data": {"root": str(data), "max_eval_examples_per_dataset": 5, "num_workers": 0},
        "trainer": {
            "default_root_dir": str(run),
            "devices": 2,
            "strategy": {"class_path": "gner.models.FSDP2Strategy", "init_args": {"compute_dtype": "fp32"}},
            "max_steps": NUM_STEPS,
            "val_check_interval": 11,
            "check_val_every_n_epoch": None,
            "enable_progress_bar": False,
        },
        "last_checkpoint": {"every_n_train_steps": 1},
    }
    file = run.with_suffix(".yaml")
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = [sys.executable, "-m", "gner.fit", "--config", str(CONFIG), "--config", str(file), *options]
    with run.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> int:
    """Wait until all processes of the session have ended; kill those that hang."""
    deadline = time.monotonic() + LIMIT_S
    while (left := members(process.pid)) and time.monotonic() < deadline:
        process.poll()
        time.sleep(0.1)
    for member in left:
        os.kill(member, signal.SIGKILL)
    assert not left, "processes hung after another had ended"
    return process.wait()


def _step(run: Path) -> int:
    """The step of the last checkpoint of a run; 0 if there is none, or it is being replaced."""
    try:
        return int(torch.load(run / "checkpoints" / "last.ckpt" / "meta.pt", weights_only=True)["global_step"])
    except (OSError, RuntimeError, EOFError):
        return 0


def _result(run: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    whole = run.with_suffix(".pt")
    dcp_to_torch_save(run / "checkpoints" / "last.ckpt", whole)
    return metrics, torch.load(whole, weights_only=True)["state_dict"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="finds the processes of a run in /proc")
def test_a_killed_and_resumed_run_ends_like_an_uninterrupted_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    whole = _start(tmp_path / "whole", data)
    assert _end(whole) == 0, (tmp_path / "whole.log").read_text(encoding="utf-8")[-3000:]
    metrics, weights = _result(tmp_path / "whole")
    rng = random.Random(NUM_KILLS)
    for kill in range(NUM_KILLS):
        run = tmp_path / f"run{kill}"
        killed = _start(run, data)
        step, which = rng.randrange(1, NUM_STEPS - 5), rng.choice(["first", "second", "all"])
        while _step(run) < step:
            assert killed.poll() is None, run.with_suffix(".log").read_text(encoding="utf-8")[-3000:]
        running = members(killed.pid)
        chosen = {"first": running[:1], "second": running[1:2], "all": running}[which]
        assert chosen, "the run had ended before it could be killed"
        for member in chosen:
            os.kill(member, signal.SIGKILL)
        assert _end(killed) != 0
        assert _end(_start(run, data, "--ckpt_path", "last")) == 0, run.with_suffix(".log").read_text()[-3000:]
        found_metrics, found_weights = _result(run)
        what = f"{which} killed once the checkpoint of step {step} existed"
        assert found_metrics == metrics, what
        assert found_weights.keys() == weights.keys()
        assert all(torch.equal(found_weights[name], value) for name, value in weights.items()), what
        print(f"kill {kill + 1}: {what}: same as the uninterrupted run", flush=True)
