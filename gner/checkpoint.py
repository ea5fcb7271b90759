"""When checkpoints are written."""

from __future__ import annotations

from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint


class Checkpoint(ModelCheckpoint):
    """Lightning's, which waits for a validation that is due at the same step.

    A checkpoint of the moment before would say that the validation is done: a run that was killed within it, and goes
    on from there, would never have its result.
    """

    _waits = False

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Write one, if it is time and no validation follows."""
        loop = trainer.fit_loop
        assert loop._data_fetcher is not None
        self._waits = loop.epoch_loop._should_check_val_fx(loop._data_fetcher)
        if not self._waits:
            super().on_train_batch_end(trainer, pl_module, *args)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write one, if it is time, or was before the validation."""
        super().on_validation_end(trainer, pl_module)
        if self._waits:
            self._waits = False
            super().on_train_batch_end(trainer, pl_module, None, None, 0)
