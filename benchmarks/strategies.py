"""F1, forward passes and time of decoding strategies that need not write the same, on one trained model.

python benchmarks/strategies.py RUN --root ../shared/data --dataset mit-restaurant [--limit 400] [--batch-sizes 1 16]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from decoding import batches_of, load  # beside this file

from gner.bio import to_entities
from gner.data.reading.run_sources import read_dataset
from gner.decoding import Constrained, OnePass, Speculative
from gner.decoding.predictor import GenerativePredictor
from gner.interfaces import Batch
from gner.models import GnerModule
from gner.records import Counts
from gner.scoring.counts import score_of


def measure(module: GnerModule, strategy: Any, batches: Sequence[Batch]) -> None:
    """Decode all batches and print what it took."""
    predictor = GenerativePredictor(module, strategy)
    with torch.inference_mode():
        predictor.predict(batches[0])  # what is made once in a process
        strategy.num_passes = 0
        started = time.perf_counter()
        predictions = [prediction for batch in batches for prediction in predictor.predict(batch)]
        seconds = time.perf_counter() - started
    counts = Counts(0, 0, 0)
    for example, prediction in zip((row for batch in batches for row in batch.examples), predictions, strict=True):
        gold = {(entity.start, entity.end, entity.type) for entity in to_entities(example.tags)}
        found = {(entity.start, entity.end, entity.type) for entity in prediction.entities}
        here = Counts(len(gold & found), len(found), len(gold))
        counts = Counts(*(before + more for before, more in zip(counts, here, strict=True)))
    f1, num_passes = score_of(counts).f1, strategy.num_passes / len(batches)
    print(
        f"{type(strategy).__name__:12} batch {len(batches[0]):3}: F1 {f1:.4f}, {num_passes:5.2f} passes a batch, "
        f"{1000 * seconds / len(predictions):.1f} ms a sentence"
    )


def main() -> None:
    """Compare the strategies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--root", type=Path, default=Path("../shared/data"))
    parser.add_argument("--dataset", default="mit-restaurant")
    parser.add_argument("--limit", type=int, default=400, help="most sentences of the test split")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 16])
    options = parser.parse_args()
    module = load(options.run)
    examples = read_dataset(options.root, options.dataset, "test")[: options.limit]
    for size in options.batch_sizes:
        for strategy in (Speculative(), Constrained(), OnePass()):
            measure(module, strategy, batches_of(module, examples, size))


if __name__ == "__main__":
    main()
