"""Decoding: sentences a second of every strategy against Hugging Face's ``generate``, and the part of the limit.

Random weights write junk: no draft is right, and every answer runs to its limit. So the network is fitted first, for
some seconds, on the very sentences that it decodes, until it knows them by heart. Speed is measured then on answers
that a trained model would write, and ``f1`` says how far that went: near 1 the answers are real, near 0 they are junk,
and the row is of no use. F1 says nothing else, as the sentences are those of the fit. Strategies learn nothing before
they start, and draft without knowledge of the right answers.

The limit is one pass over prompts and right answers (teacher forcing), with what prompts begin with read once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isnan
from typing import Any

import torch

from benchmarks.decoding import Generate, Result, batches_of, run, seconds_at_limit
from benchmarks.gpu.measured_rows import Row, Rows, peak_gib
from benchmarks.gpu.step_speed import Stepper, training_batches
from benchmarks.gpu.true_sizes import NetworkSize, Scale, build
from gner import decoding
from gner.alignment.postprocess import PostProcessor
from gner.decoding import BeamSearch, DecodingStrategy, Greedy
from gner.decoding.huggingface_beams import HuggingFaceBeams
from gner.interfaces import Batch
from gner.models import GnerModule
from gner.records import Example
from gner.scoring import Tally, score_of

_KNOWN = 0.005
"""A loss with which sentences are known by heart."""

_LOOKS_EVERY = 8
_WARM_UP = 50
_GREEDY, _BEAMS = "generate", "generate, 4 beams"


@dataclass(frozen=True)
class Contender:
    """A way to decode.

    Attributes:
        name: As it is called in the report.
        make: Makes one that has seen nothing.
        base: The ``generate`` that it is compared with; its own name for those.
    """

    name: str
    make: Callable[[], Any]
    base: str

    @property
    def is_base(self) -> bool:
        """Whether it is ``generate`` and nothing else."""
        return self.name == self.base


def contenders() -> list[Contender]:
    """Every strategy of `gner.decoding` with its defaults, after what each is compared with."""
    bases = [
        Contender(_GREEDY, lambda: Generate(Greedy()), _GREEDY),
        Contender(_BEAMS, lambda: Generate(HuggingFaceBeams(4)), _BEAMS),
    ]
    classes = [getattr(decoding, name) for name in decoding.__all__]
    strategies = [one for one in classes if issubclass(one, DecodingStrategy) and one is not DecodingStrategy]
    return [*bases, *(Contender(one.__name__, one, _BEAMS if one is BeamSearch else _GREEDY) for one in strategies)]


def fit(module: GnerModule, size: NetworkSize, examples: Sequence[Example], rows: Rows, seconds: float) -> Row:
    """Train on sentences until they are known by heart, or the time is over; the network then decodes in bf16."""
    batches = training_batches(module, examples, size.batch_size, "shared", rows.device)
    step = Stepper(module, size, fused=False, rate=size.rate)
    started, num_steps, loss = time.perf_counter(), 0, inf
    while loss > _KNOWN and time.perf_counter() - started < seconds:
        for group in step.optimizer.param_groups:
            group["lr"] = size.rate * min(1.0, (num_steps + 1) / _WARM_UP)
        of_steps = [step(batches[(num_steps + place) % len(batches)]) for place in range(_LOOKS_EVERY)]
        num_steps += _LOOKS_EVERY
        loss = torch.stack(of_steps).max().item()
    module.network.to(torch.bfloat16).eval()
    return {"fit_s": time.perf_counter() - started, "steps": num_steps, "loss": loss}


def f1_of(module: GnerModule, examples: Sequence[Example], result: Result) -> float:
    """Strict F1 of what was written."""
    reader, tally = PostProcessor(module.format), Tally(scorers=())
    for example, generation in zip(examples, result.generations, strict=True):
        tally += Tally.of(example, reader.read(example, [generation]), scorers=())
    return score_of(tally.strict).f1


def time_limit(module: GnerModule, batches: Sequence[Batch]) -> Row:
    """Seconds of a pass over prompts and right answers."""
    seconds, num_sentences = seconds_at_limit(module, batches), sum(map(len, batches))
    return {"sentences": num_sentences, "seconds": seconds, "sentences_per_s": num_sentences / seconds}


def time_strategy(
    module: GnerModule, contender: Contender, batches: Sequence[Batch], found: dict[str, float], device: torch.device
) -> Row:
    """Sentences a second of one strategy, against ``generate`` and the limit as far as ``found`` has their seconds."""
    result = run(contender.make, module, batches, shares=not contender.is_base)
    examples = [example for batch in batches for example in batch.examples]
    found[contender.name] = result.seconds
    base, limit = found.get(contender.base), found.get("limit")
    return {
        "sentences": len(examples),
        "seconds": result.seconds,
        "sentences_per_s": len(examples) / result.seconds,
        "times_generate": base and base / result.seconds,
        "part_of_limit": limit and limit / result.seconds,
        "passes": None if isnan(result.passes) else result.passes,
        "f1": f1_of(module, examples, result),
        "tokens": sum(len(generation.token_ids) for generation in result.generations),
        "peak_gib": peak_gib(device),
    }


def measure_decoding(scale: Scale, size: NetworkSize, examples: Sequence[Example], rows: Rows) -> None:
    """Add rows of one network: its fit, and for each size of batches the limit and every strategy."""
    modules: list[GnerModule] = []
    seconds = scale.decoding[size.name]

    def make() -> Row:
        """Build and fit the network."""
        modules.append(build(size, examples, rows.device))
        return fit(modules[0], size, examples[: max(scale.batch_sizes.values())], rows, seconds)

    made = rows.measure({"network": size.name, "row": "fit"}, make, needs=seconds + scale.row_seconds)
    if "fit_s" not in made:
        return
    module = modules[0]
    for batch_size, number in scale.batch_sizes.items():
        batches = [batch.to(rows.device) for batch in batches_of(module, examples[:number], batch_size)]
        names = {"network": size.name, "batch_size": batch_size}
        limit = rows.measure({**names, "row": "limit"}, partial(time_limit, module, batches), needs=1)
        found = {"limit": limit["seconds"]} if "seconds" in limit else {}
        for contender in contenders():
            of_row = {**names, "row": contender.name, "against": contender.base}
            timed = partial(time_strategy, module, contender, batches, found, rows.device)
            rows.measure(of_row, timed, needs=scale.row_seconds)
