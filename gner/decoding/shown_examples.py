"""Decoded examples in the loggers of a run that can show text."""

from __future__ import annotations

from collections.abc import Iterable

from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger


def show_text(loggers: Iterable[Logger], name: str, text: str, step: int) -> None:
    """Show a text in each logger that has a place for it; the others, such as CSV, get none.

    Args:
        loggers: Of the trainer.
        name: Such as ``val/examples``.
        text: Markdown.
        step: Of training.
    """
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text(name, text, step)
        elif isinstance(logger, WandbLogger):
            logger.log_text(name, columns=["text"], data=[[text]], step=step)
        elif isinstance(logger, MLFlowLogger):
            logger.experiment.log_text(logger.run_id, text, f"{name}_{step}.md")
