"""Hides messages of libraries that are not about the run: adverts, absent devices, deprecations of their own."""

from __future__ import annotations

import logging
import re
import warnings

_WARNINGS = [
    r"It is recommended to use `self\.log\('(val|test)/",  # our metrics are already reduced over all processes
    r"The ``compute`` method of metric (EntityF1|AnswerLoss) was called before",  # a process may have no example
    r"FSDP2-wrapped module .* returned a view tensor",  # T5's blocks; gradients are exact
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning's use of torch
]
_LOGGED = re.compile(
    "💡 Tip:|TPU available: False|`Trainer.fit` stopped: `max_(steps|epochs)=|Failed to load CPU gemm_4bit_forward"
)
_LOGGERS = ("lightning.pytorch.utilities.rank_zero", "bitsandbytes.backends.cpu.ops")


def hide_library_messages() -> None:
    """Ignore such warnings and log messages from now on.

    Example:
        >>> hide_library_messages()
    """
    for message in _WARNINGS:
        warnings.filterwarnings("ignore", message)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_of_the_run)


def _is_of_the_run(record: logging.LogRecord) -> bool:
    return _LOGGED.match(record.getMessage()) is None
