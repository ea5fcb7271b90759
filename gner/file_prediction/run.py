"""Prediction over files with Lightning's trainer: any number of devices, one file of results."""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
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
from gner.files import as_line
from gner.inference.labeller import Labeller
from gner.inference.result import Entities
from gner.inference.texts import WordedText

_SCORE_DIGITS = 5


Outcome = tuple[list[str], str | None]
"""Results of a block, and what went wrong."""


class Predictor(LightningModule):
    """Labels blocks of records.

    Args:
        labeller: A model at work, which the trainer moves to its device.
        options: How texts are labelled.
    """

    def __init__(self, labeller: Labeller, options: PredictOptions) -> None:
        super().__init__()
        self.network = labeller.network
        self._labeller = labeller
        self._options = options

    def predict_step(self, dataloader_iter: Iterator[tuple[list[Record], int, int]]) -> Outcome:
        """A line of JSON for each record of the next block, or what is wrong with one, which all processes must know.

        Taken from the iterator here, as Lightning would fetch a block ahead, and a stream's answers would wait for it.
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
            options.labels,
            threshold=options.threshold,
            batch_size=options.batch_size,
            decoding=options.decoding,
        )
        return [self._line(*result) for result in zip(block, texts, found, strict=True)]

    def _line(self, record: Record, text: WordedText, found: Entities) -> str:
        field = self._options.field
        rounded = [{**entity, "score": round(entity["score"], _SCORE_DIGITS)} for entity in found]
        added: dict[str, Any] = {field: rounded}
        if isinstance(record.text, list):
            added = {**({} if "text" in record.row else {"text": text.text}), **added, f"{field}_tags": found.tags()}
        if found.info.notable():
            added[f"{field}_info"] = found.info.notable()
        ours = {*added, f"{field}_tags", f"{field}_info"}
        taken = [name for name in record.row if name in ours]
        if taken:
            raise UserError(
                f"{record.place}: there is a field `{taken[0]}` already. Name another field for the entities with "
                "--field."
            )
        try:
            return as_line({**record.row, **added})
        except RecursionError as error:
            raise UserError(f"{record.place}: the record is nested too deep to be written back.") from error


class Blocks(IterableDataset[list[Record]]):
    """The records of an input in blocks, which processes take in turn.

    Every process has the same number of blocks, the last of which may be empty, as they wait for one another.

    Args:
        input: Where records come from.
        size: Records of a block.
    """

    def __init__(self, input: Input, size: int) -> None:
        self._input = input
        self._size = size
        self._num_done = 0
        self._done: Iterable[str] = ()

    def resume(self, num_done: int, done: Iterable[str]) -> None:
        """Leave out records that are done.

        Args:
            num_done: How many.
            done: Their results, to compare them with; none where that was done already.
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
        """Leave out what is done.

        Raises:
            UserError: It is not what was labelled.
        """
        done = islice(records, self._num_done)
        if self._input.is_stream:
            check_done(done, self._done, self._num_done)
        deque(done, maxlen=0)


class Sink(Protocol):
    """Where results go."""

    def open(self) -> int:
        """Get ready; returns how many results are there already."""

    def done(self) -> Iterator[str]:
        """The results that are there already."""

    def append(self, lines: Iterable[str]) -> None:
        """Write results."""

    def close(self) -> None:
        """Let others have it."""


class StreamSink:
    """Results to standard output, or to a pipe or device, as they come.

    Args:
        path: Where to; None for standard output.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def open(self) -> int:
        """Nothing is there already."""
        self._file = sys.stdout.buffer if self._path is None else self._path.open("ab")
        return 0

    def done(self) -> Iterator[str]:
        """None."""
        return iter(())

    def append(self, lines: Iterable[str]) -> None:
        """Write results, in UTF-8 wherever they go."""
        assert self._file is not None
        self._file.write("".join(f"{line}\n" for line in lines).encode())
        self._file.flush()

    def close(self) -> None:
        """Close a pipe or device, whose reader may wait for that; standard output stays open."""
        if self._file is not None and self._path is not None:
            self._file.close()


class Writer(Callback):
    """Writes the results of all processes in the order of the records, and shows how far it is.

    Args:
        sink: Where to.
        blocks: What is read; learns how far an earlier run came.
        input: What is counted for a bar, and compared with what is done.
        shows_progress: Draw a bar on standard error, if that is a terminal.
    """

    def __init__(self, sink: Sink, blocks: Blocks, input: Input, *, shows_progress: bool) -> None:
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
        """See how far an earlier run came, and that it was on the same texts."""
        found: tuple[int, str | None] = self._look() if trainer.is_global_zero else (0, None)
        num_done, error = trainer.strategy.broadcast(found)
        if error is not None:
            raise UserError(error)
        self._blocks.resume(num_done, self._sink.done() if trainer.is_global_zero else ())
        if trainer.is_global_zero and num_done:
            self._progress.console.print(f"{num_done:,} texts are done already; going on.", highlight=False)
        self._progress.update(self._task, completed=num_done)

    def _look(self) -> tuple[int, str | None]:
        """How many results there are, and what is wrong with them; a stream is compared while it is read."""
        num_done = self._sink.open()
        if num_done and not self._input.is_stream:
            try:
                check_done(self._input.records(), self._sink.done(), num_done)
            except UserError as error:
                return num_done, str(error)
        return num_done, None

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar, and let a request to end do so: results are safe at any moment, and Lightning would go on."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if trainer.is_global_zero:
            self._progress.start()

    def on_predict_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Outcome, *args: Any) -> None:
        """Write a block of each process, up to one in which something is wrong."""
        parts = [outputs]
        if distributed.is_available() and distributed.is_initialized():
            parts = [outputs] * distributed.get_world_size()
            distributed.all_gather_object(parts, outputs)
        if trainer.is_global_zero:
            good = takewhile(lambda part: part[1] is None, parts)
            lines = [line for part, _ in good for line in part]
            self._sink.append(lines)
            self.num_written += len(lines)
            self._progress.advance(self._task, len(lines))
            speed = self._progress.tasks[0].speed
            self._progress.update(self._task, speed=f"{speed:,.1f} a second" if speed else "")
        for _, error in parts:
            if error is not None:
                raise UserError(error)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the bar as it is."""
        self._progress.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave the bar as it is; what is written stays."""
        self._progress.stop()
