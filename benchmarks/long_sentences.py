"""`Constrained` against Hugging Face's ``generate`` with as many beams, on long sentences that a model is unsure about.

python benchmarks/long_sentences.py RUN [RUN ...] [--sentences 8] [--words 112] [--num-beams 4] [--rounds 3]

Sentences are made-up ones joined until they are long: a quickstart's model has seen none of this length. Prints the
best time of all rounds, in seconds of the processor, so that other work on the machine counts less.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from decoding import Generate, load  # beside this file

from gner.data.collate import Collator
from gner.data.reading.run_sources import read_dataset
from gner.data.synthetic import SyntheticCorpus
from gner.decoding import BeamSearch, Constrained
from gner.interfaces import Batch
from gner.models import GnerModule
from gner.records import Example, Generation


def joined(examples: Sequence[Example], num_words: int, num_sentences: int) -> list[Example]:
    """Sentences of up to so many words, made of shorter ones."""
    found: list[Example] = []
    words: list[str] = []
    tags: list[str] = []
    for example in examples:
        if words and len(words) + len(example.words) > num_words:
            found.append(replace(examples[0], words=tuple(words), tags=tuple(tags)))
            words, tags = [], []
        words += example.words
        tags += example.tags
    return found[:num_sentences]


def measure(
    make: Callable[[], Any], module: GnerModule, batch: Batch, num_rounds: int
) -> tuple[float, Any, list[Generation]]:
    """Seconds of the best round, the strategy, and what it wrote."""
    best = float("inf")
    for _ in range(num_rounds):
        strategy = make()
        gc.collect()
        started = time.process_time()
        with torch.inference_mode():
            written = strategy.generate(module, batch)
        best = min(best, time.process_time() - started)
    return best, strategy, written


def main() -> None:
    """Measure some models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folder of a finished run")
    parser.add_argument("--sentences", type=int, default=8)
    parser.add_argument("--words", type=int, default=112, help="most words of a sentence")
    parser.add_argument("--num-beams", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for run in options.runs:
        module = load(run)
        root = run / "benchmark_data"
        SyntheticCorpus(name="benchmark", num_train=10, num_dev=400, seed=7).write(root)
        examples = joined(read_dataset(root, "benchmark", "dev"), options.words, options.sentences)
        batch = Collator(module.format, module.backbone)(examples)
        makes = (lambda: Generate(BeamSearch(options.num_beams)), lambda: Constrained(options.num_beams), Constrained)
        for name, make in zip(("generate", "Constrained", "Constrained, one beam"), makes, strict=True):
            seconds, strategy, written = measure(make, module, batch, options.rounds)
            print(
                f"{run.name}, {len(examples)} sentences, {name}: {seconds:.2f} s, {strategy.num_passes} passes, "
                f"longest text {max(len(one.token_ids) for one in written)} tokens",
                flush=True,
            )


if __name__ == "__main__":
    main()
