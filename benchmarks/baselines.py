"""Four prompt formats on one data set: the same small backbone, the same number of sentences, the same decoding.

python benchmarks/baselines.py [--dataset mit-restaurant] [--root ../shared/data] [--epochs 8] [--batch-size 16]

Trains a model for each format, unless it was trained, tests it on the whole test split, and prints a row of the table
in docs/baselines.md. Decoding is timed on some test sentences, with plain ``generate`` and with ``Speculative``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import torch
from decoding import Generate, Result, batches_of, load, run  # beside this file

from gner.cli import GnerCLI
from gner.cli import main as run_command
from gner.data.reading.run_sources import read_dataset
from gner.decoding import Greedy, Speculative
from gner.decoding.predictor import GenerativePredictor
from gner.models import GnerModule
from gner.records import Example
from gner.scoring import EntityScores, Tally, entity_scores

CONFIGS = {
    "GNER": "mit_restaurant",
    "UniNER": "mit_restaurant_uniner",
    "InstructUIE": "mit_restaurant_instructuie",
    "GoLLIE, no guidelines": "mit_restaurant_gollie",
}


class Speed(NamedTuple):
    """Decoding some sentences: passes of a batch, seconds of a sentence, and whether the texts are the same."""

    passes: float
    generate_passes: float
    seconds: float
    generate_seconds: float
    num_equal: int
    num_texts: int


def arguments(config: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """The command line of a training."""
    datasets = f"[{options.dataset}]"
    given = {
        **{f"data.{split}": datasets for split in ("train", "val", "test")},
        "data.root": options.root,
        "trainer.max_epochs": options.epochs,
        "trainer.check_val_every_n_epoch": max(1, options.epochs // 4),
        "trainer.default_root_dir": folder,
        "trainer.enable_progress_bar": "false",
    }
    command = ["--config", f"configs/{config}.yaml"]
    for name, value in given.items():
        command += [f"--{name}", str(value)]
    return command


def training_tokens(command: list[str], epochs: int) -> int:
    """Tokens that training reads, prompts and answers, without padding."""
    cli = GnerCLI("fit", [*command, "--trainer.logger", "false"])
    cli.datamodule.setup("fit")
    return epochs * sum(sum(size) for rows in cli.datamodule.sizes["train"] for size in rows)


def score(module: GnerModule, examples: list[Example], batch_size: int) -> EntityScores:
    """All scores of a test split."""
    predictor = GenerativePredictor(module, Speculative())
    scorers = module.format.scorers
    tally = Tally(scorers)
    with torch.inference_mode():
        for batch in batches_of(module, examples, batch_size):
            for example, prediction in zip(batch.examples, predictor.predict(batch), strict=True):
                tally += Tally.of(example, prediction, prediction.finished, scorers)
    return entity_scores({examples[0].dataset: tally})


def time_decoding(module: GnerModule, examples: list[Example], batch_size: int) -> Speed:
    """Decode with either, in turn."""
    batches = batches_of(module, examples, batch_size)
    ours: Result = run(Speculative, module, batches)
    other: Result = run(lambda: Generate(Greedy()), module, batches)
    pairs = zip(ours.generations, other.generations, strict=True)
    num_equal = sum(one.text == two.text for one, two in pairs)
    seconds = (ours.seconds / len(examples), other.seconds / len(examples))
    return Speed(ours.passes, other.passes, *seconds, num_equal, len(ours.generations))


def main() -> None:
    """Train what is missing, and print a row for each format."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="mit-restaurant")
    parser.add_argument("--root", type=Path, default=Path("../shared/data"))
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark"), help="where trained models are")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=16, help="sentences that are decoded at once")
    parser.add_argument("--timed", type=int, default=160, help="sentences that decoding is timed on")
    options = parser.parse_args()
    examples = read_dataset(options.root, options.dataset, "test")
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, {len(examples):,} test sentences")
    print("| format | val/f1 | own F1 | training tokens | passes a batch | seconds a sentence | equal texts |")
    for name, config in CONFIGS.items():
        folder = options.runs / f"{config}_{options.dataset}_{options.epochs}"
        command = arguments(config, folder, options)
        if not (folder / "checkpoints" / "last.ckpt").exists():
            run_command("fit", command)
        module = load(folder)
        overall = score(module, examples, options.batch_size).overall
        own_f1 = next(own.f1 for own in overall.official.values())
        speed = time_decoding(module, examples[: options.timed], options.batch_size)
        tokens = training_tokens(command, options.epochs)
        print(
            f"| {name} | {overall.strict.f1:.4f} | {own_f1:.4f} | {tokens / 1e6:.1f} M "
            f"| {speed.passes:.1f} (`generate` {speed.generate_passes:.1f}) "
            f"| {speed.seconds:.4f} (`generate` {speed.generate_seconds:.4f}) "
            f"| {speed.num_equal} of {speed.num_texts} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
