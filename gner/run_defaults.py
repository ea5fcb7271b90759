"""What a run does where its config leaves it open: precision, rate, length, and when it ends early."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jsonargparse import Namespace

from gner.models.optimization import default_rate
from gner.models.precision import bfloat16_precision

MOST_EPOCHS = 10
PATIENCE = 3
_EARLY_STOPPING = "gner.early_stopping.EarlyStopping"


class Choice(NamedTuple):
    """A key of the config that was left open.

    Attributes:
        key: Of the config.
        value: What was chosen.
        reason: Why, in a few words.
    """

    key: str
    value: Any
    reason: str


def choose(config: Namespace, stored_precision: str | None = None) -> list[Choice]:
    """Fill in what a config leaves open.

    A run that says nothing of its length has 10 epochs at most, and ends when the metric that chooses the best
    checkpoint has not risen in three validations. On a GPU that has bfloat16, training is in it, unless a strategy says
    in what to compute.

    Args:
        config: Of a run; changed in place, so that ``config.yaml`` of the run has all that was chosen.
        stored_precision: Of the run whose checkpoint is used; a run with a checkpoint keeps what that one had.

    Returns:
        What was chosen.

    Example:
        >>> open_keys = dict.fromkeys(["precision", "callbacks", "plugins", "max_epochs", "max_time"])
        >>> trainer = Namespace(accelerator="cpu", strategy="auto", max_steps=-1, **open_keys)
        >>> model = Namespace(backbone="google/flan-t5-base", lora=None, optimization=Namespace(lr=None))
        >>> checkpoint = Namespace(monitor="val/f1", mode="max")
        >>> parts = {"trainer": trainer, "model": model, "data": Namespace(val=["news"]), "checkpoint": checkpoint}
        >>> config = Namespace(ckpt_path=None, **parts)
        >>> [(choice.key, choice.value) for choice in choose(config)][:2]
        [('model.optimization.lr', 5e-05), ('trainer.max_epochs', 10)]
        >>> choose(config)  # nothing is open any more
        []
    """
    if config.ckpt_path is None:
        precision = _precision(config.trainer, config.model)
    else:
        precision = []
        config.trainer.precision = config.trainer.precision or stored_precision
    return [*_rate(config.model), *precision, *_length(config)]


def has_bfloat16(accelerator: str) -> bool:
    """Whether what Lightning would take for an accelerator is a GPU with bfloat16.

    Example:
        >>> has_bfloat16("cpu")
        False
    """
    is_cuda = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    return is_cuda and torch.cuda.is_bf16_supported(including_emulation=False)


def _rate(model: Namespace) -> list[Choice]:
    if model.optimization.lr is not None:
        return []
    source = getattr(model.backbone, "tagger", model.backbone)
    rate, reason = default_rate(has_adapters=model.lora is not None, is_random=not isinstance(source, str))
    model.optimization.lr = rate
    return [Choice("model.optimization.lr", rate, reason)]


def _precision(trainer: Namespace, model: Namespace) -> list[Choice]:
    computes_itself = "FSDP2Strategy" in str(getattr(trainer.strategy, "class_path", trainer.strategy))
    is_settled = trainer.precision is not None or computes_itself or bool(trainer.plugins)
    if is_settled or not has_bfloat16(str(trainer.accelerator)):
        return []
    trainer.precision = bfloat16_precision(has_adapters=model.lora is not None)
    reason = "all weights are trained" if model.lora is None else "frozen weights need no more"
    return [Choice("trainer.precision", trainer.precision, reason)]


def _length(config: Namespace) -> list[Choice]:
    trainer = config.trainer
    if trainer.max_epochs is not None or trainer.max_steps != -1 or trainer.max_time is not None:
        return []
    trainer.max_epochs = MOST_EPOCHS
    choices = [Choice("trainer.max_epochs", MOST_EPOCHS, "neither epochs, steps nor time are limited")]
    given = trainer.callbacks if isinstance(trainer.callbacks, list) else [trainer.callbacks]
    given = [callback for callback in given if callback is not None]
    monitor = config.checkpoint.monitor
    if monitor is None or not config.data.val or any("EarlyStopping" in str(callback) for callback in given):
        return choices
    options = Namespace(monitor=monitor, mode=config.checkpoint.mode, patience=PATIENCE)
    trainer.callbacks = [*given, Namespace(class_path=_EARLY_STOPPING, init_args=options)]
    reason = f"ends when {monitor} has not improved in {PATIENCE} validations"
    return [*choices, Choice("trainer.callbacks", "EarlyStopping", reason)]


def to_text(choices: list[Choice]) -> str:
    """A line for each choice.

    Example:
        >>> print(to_text([Choice("model.optimization.lr", 0.0002, "adapters are trained")]))
        Chosen, as the config leaves it open:
          model.optimization.lr: 0.0002 (adapters are trained)
    """
    lines = [f"  {choice.key}: {choice.value} ({choice.reason})" for choice in choices]
    return "\n".join(["Chosen, as the config leaves it open:", *lines])
