"""One-process FSDP2: a short fit with a validation, in a process of its own, with gathered or sharded decoding.

python -m benchmarks.gpu.sharded_runs CONFIG ...   the process: one line of JSON for each config

Does it run, and how long does it take? Weights are random, so the answers are junk of as many tokens as are allowed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import distributed

from benchmarks.gpu.measured_rows import Row, Rows
from benchmarks.gpu.true_sizes import NetworkSize
from gner.cli import GnerCLI
from gner.errors import first_line

RUNS: dict[str, dict[str, Any] | None] = {
    "whole network": None,
    "FSDP2, decode: gather": {"decode": "gather"},
    "FSDP2, decode: sharded": {"decode": "sharded"},
    "FSDP2, cpu_offload": {"cpu_offload": True},
}
"""Options of the strategy of each run; None for no strategy."""

_METRICS = ("train/step_s", "train/tokens_per_s", "train/memory_gib", "val/seconds", "val/loss")
_STEPS, _NUM_DECODED, _NEW_TOKENS = 4, 16, 16
_SAYS = "row: "
_ROOT = Path(__file__).parents[2]


def write_configs(folder: Path, size: NetworkSize, device: torch.device) -> list[Path]:
    """Configs of all runs; the vocabulary is that of a tokenizer for made-up sentences."""
    is_gpu = device.type == "cuda"
    paths = []
    for place, options in enumerate(RUNS.values()):
        strategy: Any = "auto"
        if options is not None:
            settings = {"compute_dtype": "bf16" if is_gpu else "fp32", **options}
            strategy = {"class_path": "gner.models.FSDP2Strategy", "init_args": settings}
        quiet = {"enable_progress_bar": False, "enable_checkpointing": False, "logger": False}
        config = {
            "model": {
                "backbone": {"from_scratch": "llama", "vocab_size": 1000, "config": size.config},
                "decoding": {"class_path": "Speculative", "init_args": {"max_new_tokens": _NEW_TOKENS}},
            },
            "data": {
                "root": str(folder / "data"),
                "synthetic": {"num_train": 2 * _STEPS * size.batch_size, "num_dev": _NUM_DECODED},
                "train": ["synthetic"],
                "val": ["synthetic"],
                "batch_size": size.batch_size,
                "eval_batch_size": _NUM_DECODED // 2,
            },
            "trainer": {
                "accelerator": "gpu" if is_gpu else "cpu",
                "devices": 1,
                "max_steps": _STEPS,
                "log_every_n_steps": 1,
                "num_sanity_val_steps": 0,
                "strategy": strategy,
                "default_root_dir": str(folder / f"run{place}"),
                **quiet,
            },
        }
        paths.append(folder / f"run{place}.yaml")
        paths[-1].write_text(yaml.safe_dump(config), encoding="utf-8")
    return paths


def run_one(config: str) -> Row:
    """Fit as a config says; returns what was logged last."""
    started = time.perf_counter()
    command = GnerCLI("fit", ["--config", config])
    command.run()
    logged = command.trainer.callback_metrics
    figures = {name: logged[name].item() for name in _METRICS if name in logged}
    backend = distributed.get_backend_config() if distributed.is_initialized() else None
    return {"seconds": time.perf_counter() - started, "backend": backend, **figures}


def measure_sharding(folder: Path, size: NetworkSize, rows: Rows) -> None:
    """Add a row for each run; those that are not done when the time of the part is over are ended."""
    paths = write_configs(folder, size, rows.device)
    left = rows.deadline.left
    waiting = iter(RUNS)
    try:
        for name, row in zip(waiting, _rows_of(paths, left), strict=False):
            rows.done.append({"network": size.name, "row": name, **row})
        reason = f"the process that runs it ended early: {_last_line(paths[0])}"
    except subprocess.TimeoutExpired:
        reason = f"it was not done in the {left:.0f} s that were left for all runs of this part"
    for name in list(RUNS)[len(rows.done) :]:
        rows.done.append({"network": size.name, "row": name, "failed": reason})


def _log_of(config: Path) -> Path:
    return config.with_suffix(".log")


def _last_line(config: Path) -> str:
    """What the process said last."""
    lines = _log_of(config).read_text(encoding="utf-8").splitlines()
    return lines[-1] if lines else "it said nothing"


def _rows_of(paths: list[Path], seconds: float) -> Iterator[Row]:
    """What a process of its own says of each config."""
    command = [sys.executable, "-m", "benchmarks.gpu.sharded_runs", *map(str, paths)]
    log = _log_of(paths[0])
    with log.open("w", encoding="utf-8") as output:
        try:
            streams: dict[str, Any] = {"stdout": output, "stderr": subprocess.STDOUT}
            subprocess.run(command, cwd=_ROOT, timeout=max(1.0, seconds), check=False, **streams)
            timeout = None
        except subprocess.TimeoutExpired as error:
            timeout = error
    lines = log.read_text(encoding="utf-8").splitlines()
    yield from (json.loads(line.removeprefix(_SAYS)) for line in lines if line.startswith(_SAYS))
    if timeout is not None:
        raise timeout


def main() -> None:
    """Run the configs that are named, each with a process group of its own."""
    for config in sys.argv[1:]:
        try:
            row = run_one(config)
        except Exception as error:
            row = {"failed": f"{type(error).__name__}: {first_line(error)}"}
        if distributed.is_initialized():
            distributed.destroy_process_group()
        print(f"\n{_SAYS}{json.dumps(row)}", flush=True)


if __name__ == "__main__":
    main()
