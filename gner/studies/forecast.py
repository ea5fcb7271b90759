"""What ``gner.plan`` says of the trainings of a study."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from gner.studies.cells import Training, config_arguments
from gner.studies.running import own_config


def forecast(training: Training, gpu_memory: str | None, tflops: float | None) -> list[str]:
    """A row of a table: the training, steps, hours, and GiB of training and of validation, or why they are unknown.

    Args:
        training: The training.
        gpu_memory: As `gner.plan` takes it; None leaves it out.
        tflops: As `gner.plan` takes it; without them hours are unknown.
    """
    with TemporaryDirectory() as folder:
        own, out = Path(folder, "settings.yaml"), Path(folder, "plan.json")
        own.write_text(yaml.safe_dump(own_config(training)), encoding="utf-8")
        arguments = [*config_arguments([*training.base, own]), "--json", str(out)]
        arguments += [] if gpu_memory is None else ["--gpu-memory", gpu_memory]
        arguments += [] if tflops is None else ["--tflops", str(tflops)]
        ended = subprocess.run(
            [sys.executable, "-m", "gner.plan", *arguments], capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            lines = ended.stderr.strip().splitlines() or ["gner.plan failed"]
            return [training.name, lines[-1], "", "", ""]
        plan: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    hours = "" if plan["hours"] is None else f"{plan['hours']:,.2f}"
    memory = [f"{plan[f'{name}_bytes'] / 2**30:,.2f}" for name in ("training", "validation")]
    return [training.name, f"{plan['steps']:,}", hours, *memory]
