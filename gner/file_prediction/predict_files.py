"""File prediction from start to end, as ``python -m gner.predict --model`` runs it."""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning import Trainer
from lightning.fabric.plugins.environments import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from rich.console import Console
from torch.utils.data import DataLoader

from gner.errors import UserError, first_line
from gner.file_prediction.entity_page import write_entity_page
from gner.file_prediction.journal import Journal, finished_path
from gner.file_prediction.layouts import Layout, Result, convert
from gner.file_prediction.options import PredictOptions
from gner.file_prediction.outputs import open_journal
from gner.file_prediction.remote_paths import named_as, upload
from gner.file_prediction.run import Blocks, Predictor, StreamSink, Writer
from gner.file_prediction.shards import AUTO
from gner.inference import GNER
from gner.inference.labeller import Labeller
from gner.inference.labels import Labels
from gner.inference.strategies import find_strategy
from gner.prompting.named import make_format

_NOISE = [
    ".*does not have many workers.*",
    ".*IterableDataset.*__len__.*",
    ".*dataloader_iter.*",  # no prefetching; see `Predictor.predict_step`
    ".*LeafSpec.* is deprecated.*",
]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what Lightning says of devices and data; whoever calls this from Python has its messages again after."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in _NOISE:
                warnings.filterwarnings("ignore", message)
            yield
    finally:
        logger.setLevel(level)


@_quiet()
def predict_files(options: PredictOptions) -> None:
    """Label all texts of the input and write the results.

    Raises:
        UserError: An option or a record is invalid, or a file would be overwritten.
    """
    with named_as(options.input, options.local_input):
        _predict_files(options)


def _predict_files(options: PredictOptions) -> None:
    started = time.monotonic()
    source, out = options.source, options.results
    if options.decoding is not None:
        find_strategy(options.decoding)  # fail before the model is loaded
    if options.prompt_format is not None:
        make_format(options.prompt_format)
    Labels.of(options.types or {})
    journal = open_journal(options)
    name = _name(options)
    if journal is not None and _is_finished(options, journal):
        _say(f"{name} is finished.")
        return
    for target in options.targets:
        target.check()
    labeller = _load(options).labeller
    blocks = Blocks(source, options.block_size)
    sink = journal or StreamSink(out)
    writer = Writer(sink, blocks, source, shows_progress=out is not None)
    trainer = _make_trainer(options, writer)
    _check_world(options, trainer.world_size)
    try:
        trainer.predict(Predictor(labeller, options), DataLoader(blocks, batch_size=None), return_predictions=False)
        if trainer.is_global_zero and journal is not None:
            _finish(options, journal, labeller)
    finally:
        sink.close()
    if trainer.is_global_zero:
        where = f" in {name}" if out is not None else ""
        seconds = time.monotonic() - started
        _say(f"Texts labelled: {writer.num_written:,}{where}. {seconds:,.0f} s, including loading.")


def _name(options: PredictOptions) -> str:
    """The file or URL of the results."""
    return next((target.url for target in options.targets if target.local == options.results), str(options.results))


def _is_finished(options: PredictOptions, journal: Journal) -> bool:
    """Whether this is a finished part, which is uploaded if a run was killed before it did that."""
    if options.part is not None and not options.overwrite:
        for target in options.targets:
            finished = target.read_beside(finished_path(target.local))
            if finished is not None and journal.agrees(json.loads(finished)):
                return True
    if not journal.is_finished:
        return False
    upload(options.targets, finished_path(journal.path))
    return True


def _say(message: str) -> None:
    Console(stderr=True).print(message, highlight=False, soft_wrap=True)


def _check_world(options: PredictOptions, world_size: int) -> None:
    """Raise where only one process can do the work."""
    if world_size == 1:
        return
    if options.source.is_stream:
        raise UserError(f"Expected one device for a stream, got {world_size}. Write the texts to a file first.")
    if options.shard == AUTO:
        raise UserError(f"Expected one device for each process with --shard auto, got {world_size}. Give --devices 1.")


def _load(options: PredictOptions) -> GNER:
    return GNER.from_pretrained(
        options.model,
        format=options.prompt_format,
        device="cpu",  # the trainer moves it
        dtype=options.torch_dtype,
        words=options.words,
        max_tokens=options.max_tokens,
        overlap=options.overlap,
        batch_tokens=options.batch_tokens,
        torch_compile=options.compile,
    )


def _make_trainer(options: PredictOptions, writer: Writer) -> Trainer:
    devices = int(options.devices) if options.devices.isdecimal() else options.devices
    try:
        return Trainer(
            accelerator=options.accelerator,
            devices=devices,
            num_nodes=options.num_nodes,
            plugins=[] if options.part is None else [LightningEnvironment()],  # not the processes of other shards
            callbacks=[writer],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    except (MisconfigurationException, TypeError, ValueError) as error:
        raise UserError(
            f"Expected available devices, got --accelerator {options.accelerator} --devices {options.devices}: "
            f"{first_line(error)}"
        ) from error


def _finish(options: PredictOptions, journal: Journal, labeller: Labeller) -> None:
    """Write the outputs that need all results; a run that is killed meanwhile repeats this when resumed."""
    out = options.results
    assert out is not None
    if options.part is not None:
        names = {"model name": options.model, "input name": Path(options.input).name}
        journal.finish({**names, "splitter": options.words or labeller.settings.words})
        upload(options.targets, finished_path(journal.path))
        return
    layout = Layout(labeller.split, options.column, options.field)

    def results() -> Iterator[Result]:
        """All rows of the journal."""
        with journal.path.open(encoding="utf-8") as lines:
            for line in lines:
                yield layout.read(json.loads(line))

    if options.page is not None:
        write_entity_page(options.page, results())
    if options.format != "jsonl":
        convert(options.format, results(), out, model=options.model)
    upload(options.targets)
    journal.finish()
    if options.format != "jsonl":
        journal.path.unlink()
