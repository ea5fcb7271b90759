"""Ends a fit whose score does not rise any more."""

from __future__ import annotations

from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping as LightningEarlyStopping

from gner.decoding import DecodingCallback


class EarlyStopping(LightningEarlyStopping):
    """Lightning's, which begins to count once a score that should rise is above zero, and counts what was scored.

    F1 is zero in the first epochs on little data, until a model writes its first right entity, which is no reason to
    end. Validations in which nothing is decoded (``evaluation.every_n_validations``) have no score.

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
        if has_begun and self._is_new(trainer):
            super().on_validation_end(trainer, pl_module)

    def _is_new(self, trainer: Trainer) -> bool:
        """Whether this validation has the metric; Lightning keeps the last value where nothing was decoded."""
        decoding = [callback for callback in _callbacks(trainer) if isinstance(callback, DecodingCallback)]
        return self.monitor == "val/loss" or not decoding or any(callback.scores is not None for callback in decoding)


def _callbacks(trainer: Trainer) -> list[Callback]:
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return callbacks
