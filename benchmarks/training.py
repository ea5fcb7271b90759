"""Training rows a second: ``gner.fit``'s loop and batches against Hugging Face's Trainer, on the same model and rows.

python benchmarks/training.py [--root ../shared/data] [--dataset mit-restaurant] [--hidden-size 256] [--steps 60]

Both train a small Llama from the same random weights, with the official prompt, in fp32, without validation. Seconds
are those between the start and the end of training; those of the CPU are less troubled by other work on a machine.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from lightning import Callback, Trainer
from transformers import Trainer as HuggingFaceTrainer
from transformers import TrainerCallback, TrainingArguments

from gner.data import GnerDataModule
from gner.data.collate import Collator
from gner.data.padding import pad_rows
from gner.data.reading.run_sources import read_dataset
from gner.data.regularization import Regularization
from gner.interfaces import IGNORED
from gner.models import FromScratch, GnerModule, Optimization
from gner.prompting import GnerFormat
from gner.records import Example

_RATE = 1e-4


class _Clock:
    """Seconds of a training, by the wall and of the CPU."""

    def start(self) -> None:
        """Training begins."""
        self._since = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """Training is over."""
        self.wall, self.cpu = time.perf_counter() - self._since[0], time.process_time() - self._since[1]


class _InLightning(Callback):
    def __init__(self, clock: _Clock) -> None:
        self.on_train_start = lambda *_: clock.start()  # type: ignore[method-assign]
        self.on_train_end = lambda *_: clock.stop()  # type: ignore[method-assign]


class _InTransformers(TrainerCallback):
    def __init__(self, clock: _Clock) -> None:
        self.on_train_begin = lambda *_, **__: clock.start()  # type: ignore[method-assign]
        self.on_train_end = lambda *_, **__: clock.stop()  # type: ignore[method-assign]


def make_module(options: argparse.Namespace, examples: Sequence[Example]) -> GnerModule:
    """A small Llama, the same each time."""
    size = options.hidden_size
    sizes = {"hidden_size": size, "intermediate_size": 8 * size // 3, "num_hidden_layers": options.layers}
    sizes |= {"num_attention_heads": size // 64, "max_position_embeddings": 4096}
    module = GnerModule(FromScratch("llama", 4000, sizes), GnerFormat(), optimization=Optimization(_RATE))
    backbone: Any = module.backbone
    backbone.set_tokenizer(backbone.train_tokenizer(Collator(module.format, backbone).texts(examples)))
    torch.manual_seed(0)
    module.configure_model()
    return module


def with_lightning(options: argparse.Namespace, examples: Sequence[Example], **of_data: Any) -> _Clock:
    """Train as ``gner.fit`` does."""
    module, clock = make_module(options, examples), _Clock()
    limits = {"max_input_tokens": 2000, "batch_size": options.batch_size}
    sources: dict[str, Any] = {"train": [options.dataset], "val": [options.dataset], "max_eval_examples_per_dataset": 9}
    data = GnerDataModule(module.backbone, module.format, options.root, **sources, **limits, **of_data)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    with TemporaryDirectory() as folder:
        trainer = Trainer(
            accelerator="cpu",
            max_steps=options.steps,
            callbacks=[_InLightning(clock)],
            enable_model_summary=False,
            limit_val_batches=0,
            default_root_dir=folder,
            **quiet,
        )
        trainer.fit(module, datamodule=data)
    return clock


def with_transformers(options: argparse.Namespace, examples: Sequence[Example]) -> _Clock:
    """Train with Hugging Face's Trainer, on batches of rows padded to the longest."""
    module, clock = make_module(options, examples), _Clock()
    collate, shuffle = Collator(module.format, module.backbone), Regularization()
    drawn = random.Random(0).sample(list(examples), min(len(examples), options.steps * options.batch_size))
    rows = collate.encode([shuffle.apply((), example, random.Random(place)) for place, example in enumerate(drawn)])
    pad = module.tokenizer.pad_token_id

    def pad_batch(batch: list[Any]) -> dict[str, torch.Tensor]:
        """Token ids, mask and labels of some rows."""
        ids, mask = pad_rows([row.prompt + row.answer for row in batch], pad)
        labels, _ = pad_rows([[IGNORED] * len(row.prompt) + row.labels for row in batch], IGNORED)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    with TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            max_steps=options.steps,
            per_device_train_batch_size=options.batch_size,
            learning_rate=_RATE,
            lr_scheduler_type="constant",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            remove_unused_columns=False,
        )
        trainer = HuggingFaceTrainer(
            model=module.network,
            args=arguments,
            data_collator=pad_batch,
            train_dataset=rows,  # type: ignore[arg-type]
            callbacks=[_InTransformers(clock)],
        )
        trainer.train()
    return clock


def main() -> None:
    """Print rows a second of each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default="../shared/data")
    parser.add_argument("--dataset", default="mit-restaurant")
    parser.add_argument("--hidden-size", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    examples = read_dataset(Path(options.root), options.dataset, "train")
    a_batch = Regularization(shuffle_types="batch")
    ways: dict[str, Callable[[], _Clock]] = {
        "Hugging Face's Trainer": lambda: with_transformers(options, examples),
        "gner, prompts not shared": lambda: with_lightning(options, examples, share_prompts="never"),
        "gner": lambda: with_lightning(options, examples),
        "gner, types shuffled per batch": lambda: with_lightning(options, examples, regularization=a_batch),
    }
    base: _Clock | None = None
    for name, train in ways.items():
        clock = train()
        base = base or clock
        rows = options.steps * options.batch_size
        print(
            f"{name:32} {rows / clock.wall:7.1f} rows/s ({base.wall / clock.wall:.2f} times), "
            f"{rows / clock.cpu:7.1f} rows a second of the CPU ({base.cpu / clock.cpu:.2f} times)"
        )


if __name__ == "__main__":
    main()
