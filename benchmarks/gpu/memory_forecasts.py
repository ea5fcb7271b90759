"""Memory: the peak of a training step and of a validation, against what ``gner.plan`` forecasts for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product

import torch

from benchmarks.decoding import batches_of, synchronize
from benchmarks.gpu.measured_rows import GIB, Row, Rows, clear, peak_gib
from benchmarks.gpu.step_speed import Stepper, training_batches
from benchmarks.gpu.true_sizes import NetworkSize, Scale, build, computing, make_module
from gner.data.collate import Collator
from gner.decoding import Greedy
from gner.models.footprint import Planner
from gner.models.memory_needs import PackedShape, largest_batch, needed_memory
from gner.records import Example


def _longest(examples: Sequence[Example], number: int) -> list[Example]:
    return sorted(examples, key=lambda example: len(example.words))[-number:]


def forecast(size: NetworkSize, examples: Sequence[Example], *, prompts: str, fused: bool) -> Row:
    """What a plan says of a run whose largest batch are these sentences."""
    module = make_module(size, examples)
    shape = largest_batch(Collator(module.format, module.backbone).sizes(examples), len(examples))
    [batch] = training_batches(module, examples, len(examples), prompts, torch.device("cpu"))
    training = shape if batch.packed is None else PackedShape(*batch.packed.input_ids.shape)
    planner = Planner(module.backbone, module.prepare, None, precision=size.precision, fuses_loss=fused)
    found = planner.footprint(training, shape, num_sequences=1, accumulates=False)
    return {
        "training_gib": found.training / GIB,
        "validation_gib": found.validation / GIB,
        "device_gib": needed_memory(max(found.training, found.validation)) / GIB,
    }


def peaks(size: NetworkSize, examples: Sequence[Example], device: torch.device, *, prompts: str, fused: bool) -> Row:
    """GiB at the peak of training and of validation, which keeps the optimizer's states."""
    module = build(size, examples, device)
    step = Stepper(module, size, fused=fused)
    [batch] = training_batches(module, examples, len(examples), prompts, device)
    step(batch)  # makes the optimizer's states
    clear(device)
    step(batch)
    synchronize(device)
    of_training = peak_gib(device)
    clear(device)
    module.network.eval()
    [to_decode] = batches_of(module, examples, len(examples))
    with torch.inference_mode(), computing(size, device):
        Greedy(max_new_tokens=max(answer for _, answer in batch.lengths)).generate(module, to_decode.to(device))
    synchronize(device)
    return {"training_gib": of_training, "validation_gib": peak_gib(device)}


def measure_memory(scale: Scale, size: NetworkSize, examples: Sequence[Example], rows: Rows) -> None:
    """Add rows of one network: what is forecast and what was measured, for both kinds of prompts and of loss."""
    some = _longest(examples, size.batch_size)
    for fused, prompts in product([False, True], ["separate", "shared"]):
        names = {"network": size.name, "precision": size.precision, "prompts": prompts, "fused_loss": fused}
        names["sentences"] = len(some)
        planning = partial(forecast, size, some, prompts=prompts, fused=fused)
        planned = rows.measure({**names, "row": "forecast"}, planning, needs=scale.row_seconds)
        if rows.device.type != "cuda":
            rows.done.append({**names, "row": "measured", "skipped": "memory is measured on a GPU only"})
            continue
        running = partial(peaks, size, some, rows.device, prompts=prompts, fused=fused)
        found = rows.measure({**names, "row": "measured"}, running, needs=scale.row_seconds)
        for key in ("training_gib", "validation_gib"):
            if key in planned and key in found:
                found[key.replace("_gib", "_of_forecast")] = found[key] / planned[key]
