"""Prediction with Lightning's Trainer on any number of devices: data, model and ordered writer of the results."""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import distributed
from torch.utils.data import IterableDataset

from gner.errors import UserError
from gner.file_prediction.inputs import Input, Record, as_they_come, in_blocks
from gner.file_prediction.journal import check_done
from gner.file_prediction.options import PredictOptions
from gner.file_prediction.shards import InputPart
from gner.files import as_line
from gner.inference.labeller import Labeller
from gner.inference.result import Entities
from gner.inference.texts import WordedText

_SCORE_DIGITS = 5


Outcome = tuple[list[str], str | None]
"""The results of a block, and an error message or None."""


class Predictor(LightningModule):
    """Labels blocks of records.

    Args:
        labeller: The model, which the trainer moves to its device.
        options: How to label texts.
    """

    def __init__(self, labeller: Labeller, options: PredictOptions) -> None:
        super().__init__()
        self.network = labeller.network
        self._labeller = labeller
        self._options = options

    def predict_step(self, dataloader_iter: Iterator[tuple[list[Record], int, int]]) -> Outcome:
        """A line of JSON for each record of the next block; an error is returned, so that all ranks hear of it.

        With ``dataloader_iter``, as Lightning would otherwise prefetch a block, which delays the results of a stream.
        """
        block, _, _ = next(dataloader_iter)
        try:
            return self._label(block), None
        except UserError as error:
            return [], str(error)

    def _label(self, block: list[Record]) -> list[str]:
        texts = [self._labeller.read(record.text) for record in block]
        options = self._options
        found = self._labeller.label(
            texts,
            options.types,
            threshold=options.threshold,
            batch_size=options.batch_size,
            decoding=options.decoding,
        )
        return [self._as_line(*result) for result in zip(block, texts, found, strict=True)]

    def _as_line(self, record: Record, text: WordedText, found: Entities) -> str:
        added = self._added_fields(record, text, found)
        field = self._options.field
        reserved = {*added, f"{field}_tags", f"{field}_info"}
        taken = [name for name in record.row if name in reserved]
        if taken:
            raise UserError(
                f"{record.place}: the record already has a field `{taken[0]}`. Name another field for the entities "
                "with --field."
            )
        try:
            return as_line({**record.row, **added})
        except RecursionError as error:
            raise UserError(f"{record.place}: the record is nested too deeply to write back.") from error

    def _added_fields(self, record: Record, text: WordedText, found: Entities) -> dict[str, Any]:
        field = self._options.field
        is_split = isinstance(record.text, list)
        added: dict[str, Any] = {}
        if is_split and "text" not in record.row:
            added["text"] = text.text  # what the offsets of the entities refer to
        added[field] = [{**entity, "score": round(entity["score"], _SCORE_DIGITS)} for entity in found]
        if is_split:
            added[f"{field}_tags"] = found.tags()
        if found.info.notable():
            added[f"{field}_info"] = found.info.notable()
        return added


class Blocks(IterableDataset[list[Record]]):
    """The records of an input in blocks, dealt to the ranks in turn.

    Every rank gets the same number of blocks, the last of which may be empty, as ranks wait for each other.

    Args:
        input: Where records come from.
        size: Records per block.
    """

    def __init__(self, input: Input | InputPart, size: int) -> None:
        self._input = input
        self._size = size
        self._num_done = 0
        self._done: Iterable[str] = ()

    def resume(self, num_done: int, done: Iterable[str]) -> None:
        """Skip records that have results.

        Args:
            num_done: How many.
            done: Their results, with which a stream is compared.
        """
        self._num_done, self._done = num_done, done

    def __iter__(self) -> Iterator[list[Record]]:
        records = self._input.records()
        self._skip(records)
        if self._input.is_stream:
            yield from as_they_come(records, self._size)
            return
        rank, num_ranks = 0, 1
        if distributed.is_available() and distributed.is_initialized():
            rank, num_ranks = distributed.get_rank(), distributed.get_world_size()
        blocks = in_blocks(records, self._size)
        while turn := list(islice(blocks, num_ranks)):
            yield turn[rank] if rank < len(turn) else []

    def _skip(self, records: Iterator[Record]) -> None:
        """Skip records that have results.

        Raises:
            UserError: Records of a stream differ from those that were labelled.
        """
        done = islice(records, self._num_done)
        if self._input.is_stream:
            check_done(done, self._done, self._num_done)
        deque(done, maxlen=0)


class Sink(Protocol):
    """Where results go."""

    def open(self) -> int:
        """Get ready; returns how many results an earlier run has written."""

    def done(self) -> Iterator[str]:
        """The results of the earlier run."""

    def append(self, lines: Iterable[str]) -> None:
        """Write results."""

    def close(self) -> None:
        """Release it."""


class StreamSink:
    """Writes results to standard output, a pipe or a device, without buffering.

    Args:
        path: A pipe or device; None for standard output.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def open(self) -> int:
        """Open it; a stream is never resumed."""
        self._file = sys.stdout.buffer if self._path is None else self._path.open("ab")
        return 0

    def done(self) -> Iterator[str]:
        """No results."""
        return iter(())

    def append(self, lines: Iterable[str]) -> None:
        """Write results, in UTF-8 whatever the locale."""
        assert self._file is not None
        self._file.write("".join(f"{line}\n" for line in lines).encode())
        self._file.flush()

    def close(self) -> None:
        """Close a pipe or device, whose reader may be waiting for the end; standard output stays open."""
        if self._file is not None and self._path is not None:
            self._file.close()


class Writer(Callback):
    """Writes the results of all ranks in the order of the records, and shows progress.

    Args:
        sink: Where results go.
        blocks: The records; these skip what an earlier run has done.
        input: The same, to count them for the bar and to compare them with earlier results.
        shows_progress: Draw a bar on standard error, if that is a terminal.
    """

    def __init__(self, sink: Sink, blocks: Blocks, input: Input | InputPart, *, shows_progress: bool) -> None:
        self._sink = sink
        self._blocks = blocks
        self._input = input
        console = Console(stderr=True)
        shows_progress = shows_progress and console.is_terminal
        num_records = input.num_records() if shows_progress else None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not shows_progress,
        )
        self._task = self._progress.add_task("texts", total=num_records, speed="")
        self.num_written = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Find where to resume, and check that an earlier run had the same texts."""
        found: tuple[int, str | None] = self._open() if trainer.is_global_zero else (0, None)
        num_done, error = trainer.strategy.broadcast(found)
        if error is not None:
            raise UserError(error)
        self._blocks.resume(num_done, self._sink.done() if trainer.is_global_zero else ())
        if trainer.is_global_zero and num_done:
            self._progress.console.print(f"Resuming after {num_done:,} texts.", highlight=False)
        self._progress.update(self._task, completed=num_done)

    def _open(self) -> tuple[int, str | None]:
        """How many results there are, and an error message if they are of other texts; streams are compared later."""
        num_done = self._sink.open()
        if num_done and not self._input.is_stream:
            try:
                check_done(self._input.records(), self._sink.done(), num_done)
            except UserError as error:
                return num_done, str(error)
        return num_done, None

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar, and let SIGTERM end the process: results are safe, and Lightning would keep it running."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if trainer.is_global_zero:
            self._progress.start()

    def on_predict_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Outcome, *args: Any) -> None:
        """Write a block of each rank, up to the first one with an error."""
        parts = [outputs]
        if distributed.is_available() and distributed.is_initialized():
            parts = [outputs] * distributed.get_world_size()
            distributed.all_gather_object(parts, outputs)
        if trainer.is_global_zero:
            lines: list[str] = []
            for part, error in parts:
                if error is not None:
                    break
                lines += part
            self._write(lines)
        for _, error in parts:
            if error is not None:
                raise UserError(error)

    def _write(self, lines: list[str]) -> None:
        self._sink.append(lines)
        self.num_written += len(lines)
        self._progress.advance(self._task, len(lines))
        speed = self._progress.tasks[0].speed
        self._progress.update(self._task, speed=f"{speed:,.1f} a second" if speed else "")

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the bar and leave it visible."""
        self._progress.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Stop the bar; results that were written stay."""
        self._progress.stop()
