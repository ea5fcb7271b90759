"""Ends a fit whose score does not rise any more."""

from __future__ import annotations

from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping as LightningEarlyStopping


class EarlyStopping(LightningEarlyStopping):
    """Lightning's, which begins to count once a score that should rise is above zero.

    F1 is zero in the first epochs on little data, until a model writes its first right entity, which is no reason to
    end.

    Args:
        monitor: The metric.
        mode: ``max`` if it should rise, ``min`` if it should fall.
        patience: Validations without an improvement after which the fit ends.
        options: Others of Lightning's.

    Example:
        >>> EarlyStopping(patience=2).monitor
        'val/f1'
    """

    def __init__(self, monitor: str = "val/f1", mode: str = "max", patience: int = 3, **options: Any) -> None:
        fixed = {"strict": False, "check_on_train_epoch_end": False}
        super().__init__(monitor, mode=mode, patience=patience, **{**fixed, **options})

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at the metric."""
        value = trainer.callback_metrics.get(self.monitor)
        has_begun = self.mode == "min" or float(self.best_score) > 0 or (value is not None and float(value) > 0)
        if has_begun:
            super().on_validation_end(trainer, pl_module)
