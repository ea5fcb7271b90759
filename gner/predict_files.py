"""What ``python -m gner.predict --model`` does."""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning import Trainer
from rich.console import Console
from torch.utils.data import DataLoader

from gner.errors import UserError
from gner.inference import GNER
from gner.inference.convert import Layout, OutputFormat, Result, check_format, convert
from gner.inference.devices import choose_device, choose_dtype
from gner.inference.journal import Journal
from gner.inference.labels import Labels
from gner.inference.page import write_page
from gner.inference.records import Input, InputFormat
from gner.inference.run import Blocks, LabelOptions, Predictor, StandardOutput, Writer
from gner.inference.strategies import find_strategy
from gner.words import Splitter


@dataclass(frozen=True)
class PredictOptions:
    """The command line.

    Attributes:
        model: Folder of a run, checkpoint, exported folder or name on the hub.
        input: A file, a folder or ``-``.
        labels: Types, or types with descriptions; None for those of the model.
        out: Where results go; None for standard output.
        format: Layout of the results.
        html: Where to write a page that shows them.
        input_format: What the input holds.
        column: Field or column of the text.
        field: Field of the entities.
        threshold: Least score of an entity.
        decoding: Name of a strategy.
        words: Name of a word splitter; None for the model's.
        batch_size: Most prompts at once.
        batch_tokens: Most tokens at once.
        max_tokens: Longest prompt and answer; None for the model's.
        overlap: Words that parts of a long text share at least.
        dtype: Type of the weights; None for the device's.
        accelerator: Lightning's.
        devices: Lightning's: a number, ``auto``, or places in a list.
        num_nodes: Machines.
        compile: Compile the network.
        overwrite: Begin anew where results are there already.
        block_size: Texts that are labelled, and then written, together.
    """

    model: str
    input: str
    labels: Mapping[str, str | None] | None = None
    out: Path | None = None
    format: OutputFormat = "jsonl"
    html: Path | None = None
    input_format: InputFormat = "auto"
    column: str = "text"
    field: str = "entities"
    threshold: float = 0.0
    decoding: str = "speculative"
    words: str | None = None
    batch_size: int = 32
    batch_tokens: int = 16_384
    max_tokens: int | None = None
    overlap: int = 8
    dtype: str | None = None
    accelerator: str = "auto"
    devices: str = "1"
    num_nodes: int = 1
    compile: bool = False
    overwrite: bool = False
    block_size: int = 512

    def results_depend_on(self) -> dict[str, Any]:
        """What must be the same for an interrupted run to go on."""
        speed = {"batch_size", "batch_tokens", "accelerator", "devices", "num_nodes", "compile", "block_size"}
        output = {"out", "format", "html", "overwrite"}
        return {name: value for name, value in vars(self).items() if name not in speed | output}


def predict_files(options: PredictOptions) -> None:
    """Label all texts of the input and write what was asked for.

    Raises:
        UserError: An option or a record is not understood, or results would be written over others.
    """
    started = time.monotonic()
    source = Input(options.input, options.input_format, options.column).resolve()
    journal = _open_journal(options)
    labeller = _load(options).labeller
    labels = LabelOptions(options.labels, options.threshold, options.decoding, options.batch_size, options.field)
    blocks = Blocks(source, options.block_size)
    writer = Writer(journal or StandardOutput(), blocks, source.num_records(), shows_progress=options.out is not None)
    trainer = _make_trainer(options, writer)
    trainer.predict(Predictor(labeller, labels), DataLoader(blocks, batch_size=None), return_predictions=False)
    if trainer.is_global_zero:
        if journal is not None:
            _finish(options, journal, labeller.split)
        seconds = time.monotonic() - started
        where = f" in {options.out}" if options.out is not None else ""
        message = f"{writer.num_written:,} texts{where}, {seconds:,.0f} s with the time to load."
        Console(stderr=True).print(message, highlight=False, soft_wrap=True)


def _open_journal(options: PredictOptions) -> Journal | None:
    """Check all that can be checked before the model is loaded."""
    check_format(options.format)
    find_strategy(options.decoding)
    Labels.of(options.labels or {})
    if options.out is None:
        if options.format != "jsonl" or options.html is not None:
            raise UserError("Expected --out with --format or --html: they are made of results that are in a file.")
        return None
    if options.out.resolve() == Path(options.input).resolve():
        raise UserError(f"Expected another file for --out: {options.out} is the input.")
    path = options.out
    if options.format != "jsonl":
        path = options.out.with_name(f"{options.out.name}.unfinished.jsonl")
    journal = Journal(path, options.results_depend_on(), overwrite=options.overwrite)
    journal.check()
    if path != options.out and options.out.exists() and not (options.overwrite or journal.is_unfinished):
        raise UserError(f"Expected to write {options.out}, but it is there already. Name another, or give --overwrite.")
    return journal


def _load(options: PredictOptions) -> GNER:
    fast = choose_device(None if options.accelerator in ("auto", "gpu", "cuda", "mps") else "cpu")
    return GNER.from_pretrained(
        options.model,
        device="cpu",  # the trainer moves it
        dtype=choose_dtype(options.dtype, fast),
        words=options.words,
        max_tokens=options.max_tokens,
        overlap=options.overlap,
        batch_tokens=options.batch_tokens,
        torch_compile=options.compile,
    )


def _make_trainer(options: PredictOptions, writer: Writer) -> Trainer:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings("ignore", ".*IterableDataset.*__len__.*")
    devices = int(options.devices) if options.devices.isdecimal() else options.devices
    return Trainer(
        accelerator=options.accelerator,
        devices=devices,
        num_nodes=options.num_nodes,
        callbacks=[writer],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _finish(options: PredictOptions, journal: Journal, split: Splitter) -> None:
    """Make what is made of all results; a run that is killed meanwhile does it again."""
    assert options.out is not None
    layout = Layout(split, options.column, options.field)

    def results() -> Iterator[Result]:
        """All rows, from the file."""
        with journal.path.open(encoding="utf-8") as lines:
            for line in lines:
                yield layout.read(json.loads(line))

    if options.html is not None:
        write_page(options.html, results())
    if options.format != "jsonl":
        convert(options.format, results(), options.out)
    journal.finish()
    if options.format != "jsonl":
        journal.path.unlink()
