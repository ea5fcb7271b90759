"""When and how checkpoints are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.fabric.utilities.cloud_io import _is_local_file_protocol
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from gner.run_dir import refuse_unwritten, replace


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
