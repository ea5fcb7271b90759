"""Seconds of a validation: sharded over two processes with gathered weights, against two processes that know nothing
of each other and do half of it each.

python benchmarks/validation.py
"""

from __future__ import annotations

import os
import socket
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import multiprocessing

from gner.cli import GnerCLI
from gner.data.synthetic import SyntheticCorpus
from gner.models import Backbone, FromScratch, export

NUM_SENTENCES = 48
SIZES = {"hidden_size": 512, "intermediate_size": 1376, "num_hidden_layers": 8, "num_attention_heads": 8}


def write_config(folder: Path, data: str, **trainer: Any) -> Path:
    """A config that validates on a data set, 32 tokens for each sentence."""
    settings = {
        "model": {
            "backbone": str(folder / "model"),
            "decoding": {"class_path": "Greedy", "init_args": {"max_new_tokens": 32}},
        },
        "data": {"root": str(folder), "val": [data], "eval_batch_size": 4},
        "trainer": {"accelerator": "cpu", "enable_progress_bar": False, "default_root_dir": str(folder / data)}
        | trainer,
    }
    path = folder / f"{data}.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def validate(rank: int, configs: list[str], port: int | None, seconds: Any) -> None:
    """Validate in this process, one of two that are launched together if there is a port."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if port is not None:
        os.environ.update(
            MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2",
            GROUP_RANK="0", LOCAL_WORLD_SIZE="2", TORCHELASTIC_RUN_ID="benchmark",
        )  # fmt: skip
    torch.set_num_threads(1)
    cli = GnerCLI("validate", ["--config", configs[rank]])
    cli.run()
    seconds[rank] = cli.trainer.callback_metrics.get("val/seconds", torch.tensor(0.0)).item()


def measure(configs: list[Path], *, together: bool) -> float:
    """Seconds of the slower of two processes."""
    port = None
    if together:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    seconds = multiprocessing.get_context("spawn").Array("d", 2)
    multiprocessing.spawn(validate, ([str(config) for config in configs], port, seconds), nprocs=2)
    return max(seconds)


def main() -> None:
    """Measure both ways in turn, and print the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        SyntheticCorpus(name="all", num_train=200, num_dev=NUM_SENTENCES).write(folder)
        for half in range(2):
            SyntheticCorpus(name=f"half{half}", num_train=10, num_dev=NUM_SENTENCES // 2, seed=half).write(folder)
        backbone = Backbone(FromScratch("llama", vocab_size=2000, config=SIZES))
        backbone.set_tokenizer(backbone.train_tokenizer(["words to learn from"]))
        network = backbone.build()
        print(f"{sum(parameter.numel() for parameter in network.parameters()) / 1e6:.0f} million parameters")
        export(network, backbone.tokenizer, folder / "model")
        strategy = {"class_path": "gner.models.FSDP2Strategy", "init_args": {"compute_dtype": "fp32"}}
        both = write_config(folder, "all", devices=2, strategy=strategy)
        halves = [write_config(folder, f"half{half}") for half in range(2)]
        rounds = []
        for _ in range(3):
            rounds.append((measure([both, both], together=True), measure(halves, together=False)))
            print("sharded {:.1f} s, apart {:.1f} s".format(*rounds[-1]))
        print(f"ratio {statistics.median(sharded / apart for sharded, apart in rounds):.2f}")


if __name__ == "__main__":
    main()
