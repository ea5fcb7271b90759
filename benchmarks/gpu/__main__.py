"""All that is to be known of one GPU, in one command: speed of training and decoding, memory, and sharding.

python -m benchmarks.gpu [--minutes 9] [--out gpu.json]      on a machine with an NVIDIA GPU
python -m benchmarks.gpu --size tiny                         on a CPU: does the command itself work?

Networks have true sizes and random weights, so nothing is downloaded; sentences are made up. Each part has a time
budget; what does not fit into it, or into the memory, is skipped, and what fails does not stop the rest. The file is
written again after each part.

What is trained has random weights, which is as fast as any. Random weights write junk, so what decodes is fitted first
on the sentences that it decodes; see `benchmarks.gpu.sentence_speed`.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from lightning.fabric.utilities.throughput import get_available_flops
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.gpu.measured_rows import GIB, Deadline, Row, Rows, alarm, clear
from benchmarks.gpu.memory_forecasts import measure_memory
from benchmarks.gpu.sentence_speed import measure_decoding
from benchmarks.gpu.sharded_runs import measure_sharding
from benchmarks.gpu.step_speed import measure_training
from benchmarks.gpu.true_sizes import SCALES, NetworkSize, Scale, read_sentences
from gner.errors import first_line
from gner.records import Example

NOTE = (
    "Random weights of true sizes, made-up sentences. Random weights write junk: what decodes was fitted first on the "
    "sentences that it decodes, and f1 says whether its answers are real (near 1). mfu counts what separate rows need, "
    "as train/mfu does; mfu_computed what was computed, padding included."
)
_REASONS = ("skipped", "failed")
_DETAILS = ("build_s", "tokens", "tokens_computed", "packed_batches", "precision", "against", "loss", *_REASONS)
"""What the file has and the table has not."""

_IMPORTS_S = 20
"""Seconds before the command starts to count."""

_WIDTH = 160
"""Of tables in a file."""


class Part(NamedTuple):
    """A part of the command.

    Attributes:
        name: As it is called in the report.
        share: Of the command's time that it may take.
        measure: Adds its rows.
    """

    name: str
    share: float
    measure: Callable[[Rows], None]


def parts_of(scale: Scale, examples: Sequence[Example], folder: Path) -> list[Part]:
    """All parts, those that say most for their time first."""
    first, *others = scale.networks

    def part(name: str, share: float, measure: Callable[..., None], size: NetworkSize) -> Part:
        """A part about one network."""
        return Part(f"{name} {size.name}", share, partial(measure, scale, size, examples))

    return [
        part("training", 0.16, measure_training, first),
        part("decoding", 0.26, measure_decoding, first),
        *(part("training", 0.12, measure_training, size) for size in reversed(others)),
        Part("sharding", 0.16, partial(measure_sharding, folder, first)),
        *(part("memory", 0.08, measure_memory, size) for size in scale.networks),
        *(part("decoding", 0.26, measure_decoding, size) for size in others if size.name in scale.decoding),
    ]


def measure_part(part: Part, rows: Rows) -> dict[str, Any]:
    """All of one part for the report; what was measured before a failure stays."""
    started, budget = time.monotonic(), rows.deadline.part
    report: dict[str, Any] = {"name": part.name, "budget_s": budget, "rows": rows.done}
    try:
        reason = rows.deadline.why_not(0)
        if reason is None:
            part.measure(rows)
        else:
            report["skipped"] = reason
    except Exception as error:
        report["failed"] = f"{type(error).__name__}: {first_line(error)}"
    clear(rows.device)
    return report | {"seconds": time.monotonic() - started}


def machine(device: torch.device) -> Row:
    """What it was measured on."""
    found: Row = {"device": platform.processor() or platform.machine(), "torch": torch.__version__}
    found |= {"transformers": transformers.__version__, "python": platform.python_version()}
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        found |= {"device": properties.name, "memory_gib": properties.total_memory / GIB, "cuda": torch.version.cuda}
    return found


def show(console: Console, part: dict[str, Any]) -> None:
    """Print a part as a table, and below it why something was not measured; its columns are what its rows have."""
    rows: list[Row] = part["rows"]
    found = chain.from_iterable(row.items() for row in rows)
    keys = dict.fromkeys(key for key, value in found if _text(value) and key not in _DETAILS)
    table = Table(*keys, title=f"{part['name']}: {part['seconds']:.0f} s", title_justify="left")
    reasons = [f"{part['name']} {word}: {part[word]}" for word in _REASONS if word in part]
    for row in rows:
        words = [word for word in _REASONS if word in row]
        if words:
            named = ", ".join(f"{key}={value}" for key, value in row.items() if key not in words)
            reasons.append(f"{words[0]}: {named}: {row[words[0]]}")
        else:
            table.add_row(*(_text(row.get(key)) for key in keys))
    console.print(table)
    for reason in reasons:
        console.print(reason, markup=False, highlight=False)


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return escape(str(value))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=9, help="of the whole command")
    parser.add_argument("--out", type=Path, help="file for the figures, JSON")
    parser.add_argument("--size", choices=SCALES, default="full", help="tiny: small networks, on the CPU")
    parser.add_argument("--peak-tflops", type=float, help="of the device in bf16; by default from Lightning's table")
    options = parser.parse_args(arguments)
    if options.size == "full" and not torch.cuda.is_available():
        parser.error("Expected an NVIDIA GPU, and torch finds none. Set --size tiny to try the command on a CPU.")
    measure(options, torch.device("cuda", 0) if options.size == "full" else torch.device("cpu"))


def measure(options: argparse.Namespace, device: torch.device) -> None:
    """Measure all parts; print and write each when it is done."""
    gc.collect()
    gc.freeze()  # libraries, which are looked through at each collection otherwise
    scale, seconds, started = SCALES[options.size], 60 * options.minutes - _IMPORTS_S, time.monotonic()
    given = options.peak_tflops
    peak = get_available_flops(device, torch.bfloat16) if given is None else 1e12 * given
    report: dict[str, Any] = {"size": options.size, "minutes": options.minutes, "note": NOTE}
    report |= {"machine": machine(device) | {"peak_flops": peak}, "parts": []}
    console = Console()
    console = console if console.is_terminal else Console(width=_WIDTH)
    console.print(NOTE)
    with tempfile.TemporaryDirectory() as name, alarm(seconds):
        examples = read_sentences(Path(name, "sentences"), scale.num_sentences)
        for part in parts_of(scale, examples, Path(name)):
            budget = max(0.0, part.share * seconds)
            deadline = Deadline(budget, time.monotonic() + budget, started + seconds)
            report["parts"].append(measure_part(part, Rows(deadline, device, peak)))
            report["seconds"] = time.monotonic() - started
            show(console, report["parts"][-1])
            if options.out is not None:
                options.out.write_text(json.dumps(report, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
