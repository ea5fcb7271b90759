"""When to validate and to save checkpoints, and how checkpoints are written atomically."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.utilities.cloud_io import _is_local_file_protocol
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from gner.errors import UserError, did_you_mean
from gner.run_dir import replace, write_error


class FinalValidation(Callback):
    """Ends every fit with a validation, so that every run has metrics and a best checkpoint.

    Lightning validates only at intervals, and so skips the batches after the last one. There is no hook for that, so
    the method that it calls after each batch is replaced.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replace Lightning's check for this fit."""
        loop = trainer.fit_loop.epoch_loop
        is_due = type(loop)._should_check_val_fx.__get__(loop)  # the original, not the replacement of an earlier fit

        def is_due_or_last(data_fetcher: Any) -> bool:
            """Whether to validate after the batch that was just trained on."""
            # a fit that is resumed after its last epoch has done this validation, which Lightning must know: it would
            # train on one more batch of that epoch
            is_done = loop.restarting and loop.restarted_on_last and loop.batch_progress.is_last_batch
            return is_due(data_fetcher) or is_done or (trainer.enable_validation and fit_ends(trainer))

        cast(Any, loop)._should_check_val_fx = is_due_or_last


def fit_ends(trainer: Trainer) -> bool:
    """Whether the fit ends with the batch that was just trained on."""
    loop = trainer.fit_loop
    is_last_step = 0 < trainer.max_steps <= trainer.global_step
    if is_last_step or (trainer.should_stop and loop._can_stop_early):
        return True
    is_last_epoch = trainer.max_epochs is not None and 0 < trainer.max_epochs <= trainer.current_epoch + 1
    return is_last_epoch and loop.epoch_loop.batch_progress.is_last_batch


class Checkpoint(ModelCheckpoint):
    """Lightning's `ModelCheckpoint`, saving after a validation that is due at the same step instead of before it.

    Lightning takes a checkpoint saved before the validation as one saved after it: a run that was killed during the
    validation and is resumed would never have its result.
    """

    _waits = False

    def on_sanity_check_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if validations do not log the monitored metric."""
        self._check_monitor(trainer)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Save a checkpoint if one is due and no validation follows."""
        loop = trainer.fit_loop
        assert loop._data_fetcher is not None
        self._waits = loop.epoch_loop._should_check_val_fx(loop._data_fetcher)
        if not self._waits:
            super().on_train_batch_end(trainer, pl_module, *args)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save a checkpoint if one is due, or was due before the validation."""
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
        hint = did_you_mean(self.monitor, known, most=3)
        raise UserError(
            f"Expected a validation metric to choose checkpoints by, got checkpoint.monitor={self.monitor}."
            f"{hint} There are: {', '.join(known)}."
        )


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint next to the earlier one, and renames it once complete.

    Lightning writes to the temporary folder and, if that is on another disk, copies from there: a run that is killed
    during the copy is left without a checkpoint.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     AtomicCheckpointIO().save_checkpoint({"epoch": 1}, Path(folder, "last.ckpt"))
        ...     [path.name for path in Path(folder).iterdir()]
        ['last.ckpt']
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Raises:
            UserError: The file cannot be written, for example on a full disk; an earlier checkpoint stays intact.
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
            raise write_error(path, error) from error
        finally:
            unfinished.unlink(missing_ok=True)
