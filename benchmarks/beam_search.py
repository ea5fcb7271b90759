"""Beam search against Hugging Face's ``generate`` with as many beams, side by side in one run.

python benchmarks/beam_search.py --run FOLDER [--data ROOT NAME] [--sentences 64] [--batch-size 16] [--random]

Prints passes and times of both, how many of all hypotheses are the same, and of the others how many are ties.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from decoding import TIE, Generate, batches_of, load, run  # beside this file

from gner.data.reading.run_sources import read_dataset
from gner.data.synthetic import SyntheticCorpus
from gner.decoding import BeamSearch
from gner.decoding.huggingface_beams import HuggingFaceBeams
from gner.decoding.log_probs import token_log_probs
from gner.interfaces import Batch
from gner.models import GnerModule


class AllBeams(HuggingFaceBeams):
    """``generate`` with all hypotheses of each row."""

    def options(self) -> dict[str, Any]:
        """The same, and all beams."""
        return super().options() | {"num_return_sequences": self.num_beams}


def tell_identity(module: GnerModule, batches: Sequence[Batch], num_beams: int) -> None:
    """Compare all hypotheses, with their order and scores."""
    ours, other = BeamSearch(num_beams), AllBeams(num_beams)
    num_same = num_best = num_ties = num_all = 0
    largest = 0.0
    for batch in batches:
        with torch.inference_mode():
            found = [beam for beams in ours.hypotheses(module, batch) for beam in beams]
            written = other.write(module, batch)
            log_probs = token_log_probs(module.network, batch.repeated(num_beams), written)
        for at, (beam, ids, values) in enumerate(zip(found, written, log_probs, strict=True)):
            difference = abs(beam.score - sum(values) / len(values))
            is_same = beam.node.tokens() == ids
            num_all += 1
            num_same += is_same
            num_best += is_same and at % num_beams == 0
            num_ties += not is_same and difference < TIE
            largest = max(largest, difference if is_same else 0.0)
            if not is_same and difference >= TIE:
                print(f"    NOT A TIE: hypothesis {at % num_beams}: {beam.score:.6f}, {sum(values) / len(values):.6f}")
    print(
        f"    hypotheses: {num_same} of {num_all} identical (best ones {num_best} of {num_all // num_beams}), "
        f"{num_ties} ties; scores of identical ones differ by {largest:.1e} at most"
    )


def main() -> None:
    """Measure one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run")
    parser.add_argument("--data", nargs=2, metavar=("ROOT", "NAME"), help="test sentences; made-up ones without")
    parser.add_argument("--sentences", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--num-beams", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--random", action="store_true", help="with random weights, which write junk")
    options = parser.parse_args()
    module = load(options.run)
    if options.random:
        torch.manual_seed(0)
        module.network.init_weights()
    if options.data:
        examples = read_dataset(Path(options.data[0]), options.data[1], "test")
    else:
        root = options.run / "benchmark_data"
        SyntheticCorpus(name="benchmark", num_train=10, num_dev=options.sentences, seed=7).write(root)
        examples = read_dataset(root, "benchmark", "dev")
    batches = batches_of(module, examples[: options.sentences], options.batch_size)
    num_beams = options.num_beams
    print(f"{options.run.name}: {torch.get_num_threads()} threads, torch {torch.__version__}")
    pairs = [
        (
            run(lambda: BeamSearch(num_beams), module, batches),
            run(lambda: Generate(HuggingFaceBeams(num_beams)), module, batches),
        )
        for _ in range(options.rounds)
    ]
    ours, other = pairs[0]
    seconds = [statistics.median(one.seconds for one in side) for side in zip(*pairs, strict=True)]
    print(
        f"    {num_beams} beams, batch {options.batch_size}: {ours.passes:.2f} passes a batch against {other.passes:.2f}"
        f" (1/{other.passes / ours.passes:.2f}), {seconds[0]:.2f} s against {seconds[1]:.2f} (1/"
        f"{seconds[1] / seconds[0]:.2f})"
    )
    tell_identity(module, batches, num_beams)


if __name__ == "__main__":
    main()
