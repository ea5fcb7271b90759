"""What ``gner.fit`` costs beside the network: its steps against those of a bare PyTorch loop over the same batches.

python benchmarks/loop.py [--config configs/quickstart.yaml] [--steps 300] [--threads 1]

The bare loop has its batches ready and does forward, backward, clipping and a fused AdamW step. ``gner.fit`` draws,
writes and tokenizes them, and has its callbacks, logger and progress bar as in a real run.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import torch
from lightning import Callback, LightningModule, Trainer

from gner.cli import main as run_command
from gner.interfaces import Batch
from gner.models import GnerModule

_WARM_UP = 20
_CLIPPED_AT = 1.0


class Watch(Callback):
    """Takes the seconds of a fit's steps, and its batches and network."""

    batches: ClassVar[list[Batch]] = []
    seconds: ClassVar[tuple[float, float]] = (0.0, 0.0)
    module: ClassVar[GnerModule]

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Batch, *args: Any) -> None:
        """Keep a batch, and start the clock after some."""
        if trainer.global_step == _WARM_UP:
            self._since = _now()
        Watch.batches.append(batch)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock."""
        Watch.seconds = _passed(self._since)
        assert isinstance(pl_module, GnerModule)
        Watch.module = pl_module


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _passed(since: tuple[float, float]) -> tuple[float, float]:
    wall, cpu = _now()
    return wall - since[0], cpu - since[1]


def fit(options: argparse.Namespace, run: Path) -> tuple[float, float]:
    """Train by a config; returns seconds by the wall and of the CPU."""
    arguments = ["--config", str(options.config), "--trainer.default_root_dir", str(run)]
    arguments += ["--trainer.max_steps", str(options.steps), "--trainer.limit_val_batches", "0"]
    arguments += ["--trainer.callbacks+", '{"class_path": "__main__.Watch"}', "--data.root", str(run / "data")]
    run_command("fit", [*arguments, *options.more])
    return Watch.seconds


def bare(module: GnerModule, batches: list[Batch]) -> tuple[float, float]:
    """Train a network on batches that are there."""
    network = module.network.train()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, 1e-4, fused=True)
    since = _now()
    for step, batch in enumerate(batches):
        if step == _WARM_UP:
            since = _now()
        inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask, "labels": batch.labels}
        loss = network(**inputs, use_cache=False).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, _CLIPPED_AT)
        optimizer.step()
    return _passed(since)


def main() -> None:
    """Print both, and the share of a step that is not the network's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("configs/quickstart.yaml"))
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("more", nargs="*", help="further options of gner.fit")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as folder:
        whole = fit(options, Path(folder))
    alone = bare(Watch.module, Watch.batches)
    for name, one, other in zip(("wall", "CPU"), whole, alone, strict=True):
        steps = options.steps - _WARM_UP
        print(
            f"{name:5} gner.fit {1000 * one / steps:6.2f} ms a step, bare loop {1000 * other / steps:6.2f}: "
            f"{one / other - 1:+.1%}"
        )


if __name__ == "__main__":
    main()
