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


class Scored(HuggingFaceBeams):
    """``generate`` and a pass for the log-probabilities of tokens, as before there was another beam search."""

    num_passes = 0


def tell_identity(module: GnerModule, batches: Sequence[Batch], num_beams: int) -> None:
    """Compare what is written, and all hypotheses of a search that leaves nothing out, with their order and scores."""
    written, found, expected = Agreement("texts"), Agreement("hypotheses"), AllBeams(num_beams)
    ours, whole = BeamSearch(num_beams), BeamSearch(num_beams)
    for batch in batches:
        with torch.inference_mode():
            ids = expected.write(module, batch)
            log_probs = token_log_probs(module.network, batch.repeated(num_beams), ids)
            best = ours.generate(module, batch)
            beams = [beam.node for row in whole.hypotheses(module, batch) for beam in row]
        for node, *other in zip(beams, ids, log_probs, strict=True):
            found.add((node.tokens(), node.log_probs()), (other[0], other[1]))
        for one, *other in zip(best, ids[::num_beams], log_probs[::num_beams], strict=True):
            written.add((one.token_ids, one.token_log_probs), (other[0], other[1]))
    print(f"    {written.summary()}\n    {found.summary()}")


class Agreement:
    """Counts what two searches agree on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._num_same = self._num_ties = self._num_all = 0
        self._largest = 0.0

    def add(self, one: tuple[list[int], list[float]], other: tuple[list[int], list[float]]) -> None:
        """Compare tokens and their log-probabilities."""
        difference = abs(sum(one[1]) / len(one[1]) - sum(other[1]) / len(other[1]))
        is_same = one[0] == other[0]
        self._num_all += 1
        self._num_same += is_same
        self._num_ties += not is_same and difference < TIE
        self._largest = max(self._largest, difference if is_same else 0.0)

    def summary(self) -> str:
        """What was counted."""
        others = self._num_all - self._num_same - self._num_ties
        return (
            f"{self._name}: {self._num_same} of {self._num_all} identical, {self._num_ties} ties, {others} others; "
            f"scores of identical ones differ by {self._largest:.1e} at most"
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
        for parameter in module.network.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
    if options.data:
        examples = read_dataset(Path(options.data[0]), options.data[1], "test")
    else:
        root = options.run / "benchmark_data"
        SyntheticCorpus(name="benchmark", num_train=10, num_dev=options.sentences, seed=7).write(root)
        examples = read_dataset(root, "benchmark", "dev")
    batches = batches_of(module, examples[: options.sentences], options.batch_size)
    num_beams = options.num_beams
    print(f"{options.run.name}: {torch.get_num_threads()} threads, torch {torch.__version__}")
    results = [
        (
            run(lambda: BeamSearch(num_beams), module, batches),
            run(lambda: Generate(HuggingFaceBeams(num_beams)), module, batches),
            run(lambda: Scored(num_beams), module, batches),
        )
        for _ in range(options.rounds)
    ]
    ours, other, _ = results[0]
    seconds = [statistics.median(one.seconds for one in side) for side in zip(*results, strict=True)]
    print(
        f"    {num_beams} beams, batch {options.batch_size}: {ours.passes:.2f} passes a batch (without those of "
        f"`generate`) against {other.passes:.2f}; {seconds[0]:.2f} s against {seconds[1]:.2f} "
        f"(1/{seconds[1] / seconds[0]:.2f}), with its pass for log-probabilities {seconds[2]:.2f} "
        f"(1/{seconds[2] / seconds[0]:.2f})"
    )
    tell_identity(module, batches, num_beams)


if __name__ == "__main__":
    main()
