"""What a run shows while it goes on: a bar in a terminal, and lines in a file or a pipe."""

from __future__ import annotations

import logging
import math
import sys
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import rich
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar as BasicBar
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column

_SHOWN = {"train/loss": "loss {:.4f}", "train/tokens_per_s": "{:,.0f} tokens/s"}
_TRAINING = "Training"
_SECONDS_BETWEEN_READS = 1.0
"""Reading a metric of a GPU waits for its work."""


@dataclass
class Loop:
    """A loop that runs: training over all epochs, or one pass over a split.

    Attributes:
        name: What is shown.
        total: Steps or batches; None if nothing limits them.
        first: Those that were done before, as a resumed run has some.
        done: Those that are done.
    """

    name: str
    total: int | None
    first: int = 0
    done: int = 0
    started: float = field(default_factory=time.monotonic)

    def left(self) -> str:
        """The time that is left if the rest takes as long as what was done, or nothing if that is not known.

        Example:
            >>> Loop("Training", total=30, done=10, started=time.monotonic() - 60).left()
            '0:02:00 left'
            >>> Loop("Training", total=None, done=10).left()
            ''
        """
        counted = self.done - self.first
        if self.total is None or counted <= 0:
            return ""
        seconds = (time.monotonic() - self.started) / counted * (self.total - self.done)
        return f"{timedelta(seconds=round(seconds))} left"


class _Progress(BasicBar):
    """Knows which loops run, and how far they are."""

    def __init__(self) -> None:
        super().__init__()
        self._is_enabled = True
        self._metrics = ""
        self._read_at = -math.inf
        self._loops: list[Loop] = []

    @abstractmethod
    def begin(self, loop: Loop) -> None:
        """Show a loop that begins; it may be inside another."""

    @abstractmethod
    def advance(self, loop: Loop) -> None:
        """Show how far it is."""

    @abstractmethod
    def end(self, loop: Loop) -> None:
        """Take it away."""

    def disable(self) -> None:
        """Show nothing, as on all processes but one."""
        self._is_enabled = False

    def enable(self) -> None:
        """Show progress."""
        self._is_enabled = True

    def metrics(self, trainer: Trainer) -> str:
        """Loss and speed of training, as they were a second ago at most."""
        now = time.monotonic()
        if now - self._read_at >= _SECONDS_BETWEEN_READS:
            self._read_at = now
            found = trainer.progress_bar_metrics
            self._metrics = ", ".join(text.format(found[name]) for name, text in _SHOWN.items() if name in found)
        return self._metrics

    def _begin(self, name: str, total: float, first: int = 0) -> None:
        if self._is_enabled:
            self._loops.append(Loop(name, int(total) if math.isfinite(total) else None, first, first))
            self.begin(self._loops[-1])

    def _advance(self, done: int) -> None:
        if self._is_enabled and self._loops and done > self._loops[-1].done:
            self._loops[-1].done = done
            self.advance(self._loops[-1])

    def _end(self) -> None:
        if self._loops:
            self.end(self._loops.pop())

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to count steps over all epochs."""
        self._begin(_TRAINING, trainer.estimated_stepping_batches, trainer.global_step)

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        """Count a step, unless gradients are still accumulated."""
        self._advance(trainer.global_step)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End training."""
        self._end()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin a validation; the check before training is not shown."""
        if not trainer.sanity_checking:
            self._begin("Validation", sum(trainer.num_val_batches))

    def on_validation_batch_end(self, trainer: Trainer, *args: Any) -> None:
        """Count a batch."""
        if not trainer.sanity_checking and self._loops:
            self._advance(self._loops[-1].done + 1)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End a validation."""
        if not trainer.sanity_checking:
            self._end()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin a test."""
        self._begin("Test", sum(trainer.num_test_batches))

    def on_test_batch_end(self, *args: Any) -> None:
        """Count a batch."""
        if self._loops:
            self._advance(self._loops[-1].done + 1)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End a test."""
        self._end()

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin a prediction."""
        self._begin("Prediction", sum(trainer.num_predict_batches))

    def on_predict_batch_end(self, *args: Any) -> None:
        """Count a batch."""
        self.on_test_batch_end()

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End a prediction."""
        self._end()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """End all that runs, so that the error is below it."""
        while self._loops:
            self._end()


class ProgressBar(_Progress):
    """A bar for each loop, in one line of a terminal with 80 columns."""

    def __init__(self) -> None:
        super().__init__()
        self._tasks: list[TaskID] = []

    def begin(self, loop: Loop) -> None:
        """Draw a bar; those that it is inside of stay above it."""
        if not self._tasks:
            note = TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis"))
            columns = (TextColumn("{task.description}"), BarColumn(16), MofNCompleteColumn(), note)
            self._display = Progress(*columns, console=rich.get_console(), transient=True, refresh_per_second=2)
            with _logging_to_stderr():  # which is above the bars then
                self._display.start()
        self._tasks.append(self._display.add_task(loop.name, total=loop.total, completed=loop.done, note=""))

    def advance(self, loop: Loop) -> None:
        """Move the bar; it is drawn twice a second, as drawing takes longer than a step of a small model."""
        note = loop.left() if len(self._tasks) > 1 else self._note(loop)
        self._display.update(self._tasks[-1], completed=loop.done, note=note)

    def end(self, loop: Loop) -> None:
        """Take the bar away."""
        self._display.remove_task(self._tasks.pop())
        if not self._tasks:
            with _logging_to_stderr():
                self._display.stop()

    def _note(self, loop: Loop) -> str:
        return "  ".join(filter(None, (loop.left(), self.metrics(self.trainer))))


@contextmanager
def _logging_to_stderr() -> Iterator[None]:
    """Have Lightning's log go to standard error also when that becomes another stream."""
    handlers = logging.getLogger("lightning.pytorch").handlers
    streams = [handler for handler in handlers if isinstance(handler, logging.StreamHandler)]
    followers = [handler for handler in streams if handler.stream is sys.stderr]
    yield
    for handler in followers:
        handler.setStream(sys.stderr)


class ProgressLines(_Progress):
    """A line now and then, where what is printed is kept: a file, a pipe, the log of a cluster's job.

    Args:
        every_n_steps: A line after so many steps of training; null goes by time alone.
        every_n_seconds: A line after so many seconds at the latest.
    """

    def __init__(self, every_n_steps: int | None = None, every_n_seconds: float = 30.0) -> None:
        super().__init__()
        self._every_n_steps = every_n_steps
        self._every_n_seconds = every_n_seconds
        self._printed_at = -math.inf

    def begin(self, loop: Loop) -> None:
        """Print nothing yet."""
        self._printed_at = time.monotonic()
        if loop.name == _TRAINING:
            self._printed_done = loop.done

    def advance(self, loop: Loop) -> None:
        """Print a line if it is time."""
        is_training = loop.name == _TRAINING
        steps = loop.done - self._printed_done if is_training else 0
        is_step = self._every_n_steps is not None and steps >= self._every_n_steps
        if not is_step and time.monotonic() - self._printed_at < self._every_n_seconds:
            return
        self._printed_at = time.monotonic()
        if is_training:
            self._printed_done = loop.done
        total = "" if loop.total is None else f" of {loop.total:,}"
        where = f"step {loop.done:,}{total}" if is_training else f"{loop.name}: batch {loop.done:,}{total}"
        parts = [self.metrics(self.trainer) if is_training else "", loop.left()]
        told = ", ".join(filter(None, parts))
        rich.get_console().print(f"{where}: {told}" if is_training else f"{where}, {told}", highlight=False)

    def end(self, loop: Loop) -> None:
        """Go on with the loop that it was inside of."""
