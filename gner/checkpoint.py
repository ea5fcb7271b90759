"""When validations and checkpoints are made, and how checkpoints are written."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, cast

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.utilities.cloud_io import _is_local_file_protocol
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from gner.errors import UserError
from gner.run_dir import refuse_unwritten, replace


class FinalValidation(Callback):
    """Has every fit end with a validation, so that no run is without metrics and a best checkpoint.

    Lightning validates where an interval says so, and leaves out what comes after the last one. The rule that it asks
    at every batch is extended here, as there is no hook for it.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Extend the rule for the time of this fit."""
        loop = trainer.fit_loop.epoch_loop
        is_due = type(loop)._should_check_val_fx.__get__(loop)  # not one that an earlier fit has extended

        def is_due_or_last(data_fetcher: Any) -> bool:
            """Whether a validation follows the batch that was just trained on."""
            # a fit that is resumed after its last epoch has done this validation, which Lightning must know: it would
            # train on one more batch of that epoch
            is_done = loop.restarting and loop.restarted_on_last and loop.batch_progress.is_last_batch
            return is_due(data_fetcher) or is_done or (trainer.enable_validation and ends_here(trainer))

        cast(Any, loop)._should_check_val_fx = is_due_or_last


def ends_here(trainer: Trainer) -> bool:
    """Whether a fit ends with the batch that was just trained on."""
    loop = trainer.fit_loop
    is_last_step = 0 < trainer.max_steps <= trainer.global_step
    if is_last_step or (trainer.should_stop and loop._can_stop_early):
        return True
    is_last_epoch = trainer.max_epochs is not None and 0 < trainer.max_epochs <= trainer.current_epoch + 1
    return is_last_epoch and loop.epoch_loop.batch_progress.is_last_batch


class Checkpoint(ModelCheckpoint):
    """Lightning's, which waits for a validation that is due at the same step.

    A checkpoint of the moment before would say that the validation is done: a run that was killed within it, and goes
    on from there, would never have its result.
    """

    _waits = False

    def on_sanity_check_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse a monitor that no validation will have."""
        self._check_monitor(trainer)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Write one, if it is time and no validation follows."""
        loop = trainer.fit_loop
        assert loop._data_fetcher is not None
        self._waits = loop.epoch_loop._should_check_val_fx(loop._data_fetcher)
        if not self._waits:
            super().on_train_batch_end(trainer, pl_module, *args)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write one, if it is time, or was before the validation."""
        if not trainer.sanity_checking:
            self._check_monitor(trainer)
        super().on_validation_end(trainer, pl_module)
        if self._waits:
            self._waits = False
            super().on_train_batch_end(trainer, pl_module, None, None, 0)

    def _check_monitor(self, trainer: Trainer) -> None:
        metrics = trainer.callback_metrics
        if self.monitor is None or self.monitor in metrics or trainer.state.fn != "fit":
            return
        known = sorted(name for name in metrics if name.startswith("val/"))
        close = difflib.get_close_matches(self.monitor, known, n=3)
        hint = f"Did you mean {' or '.join(close)}? " if close else ""
        raise UserError(
            f"Expected a metric of the validation to choose checkpoints by, got checkpoint.monitor={self.monitor}. "
            f"{hint}There are: {', '.join(known)}."
        )


class WholeFiles(TorchCheckpointIO):
    """Writes a checkpoint beside an earlier one, and gives it its name when it is whole.

    Lightning's writes to the folder for temporary files and copies from there where that is another disk: a run that is
    killed meanwhile is left without a checkpoint.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Raises:
            UserError: The disk is full, or does not take it for another reason; an earlier checkpoint is as it was.
        """
        if not _is_local_file_protocol(str(path)):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.unfinished")
        try:
            with unfinished.open("wb") as file:  # given a path, torch does not say why it failed
                torch.save(checkpoint, file)
            replace(path, unfinished)
        except (OSError, RuntimeError) as error:
            raise refuse_unwritten(path, error) from error
        finally:
            unfinished.unlink(missing_ok=True)
