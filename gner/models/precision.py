"""Refuses fp16 where activations overflow, and ends runs whose loss is not finite."""

from __future__ import annotations

from typing import Any

from lightning import Trainer
from torch import Tensor, distributed

from gner.errors import UserError
from gner.interfaces import Batch

_FP16_OVERFLOWS = {"t5", "mt5", "umt5", "longt5", "switch_transformers"}


def overflows_in_fp16(model_type: str) -> bool:
    """Whether a Hugging Face model type is T5 or a relative, whose activations overflow in fp16.

    Example:
        >>> overflows_in_fp16("t5"), overflows_in_fp16("bart"), overflows_in_fp16("llama")
        (True, False, False)
    """
    return model_type in _FP16_OVERFLOWS


def bfloat16_precision(*, has_adapters: bool) -> str:
    """The trainer's precision in which training takes bfloat16: frozen weights need no copy in fp32.

    Example:
        >>> bfloat16_precision(has_adapters=False), bfloat16_precision(has_adapters=True)
        ('bf16-mixed', 'bf16-true')
    """
    return "bf16-true" if has_adapters else "bf16-mixed"


def check_precision(model_type: str, precision: str) -> None:
    """Refuse fp16 for models whose activations overflow in it.

    Raises:
        UserError: The model type is T5 or a relative of it, and the precision of the trainer is fp16.

    Example:
        >>> check_precision("t5", "bf16-mixed")
        >>> check_precision("t5", "16-mixed")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a precision other than 16-mixed for a `t5` backbone: its activations ...
    """
    if precision in ("16-mixed", "16-true") and overflows_in_fp16(model_type):
        raise UserError(
            f"Expected a precision other than {precision} for a `{model_type}` backbone: its activations overflow in "
            "fp16 and the loss becomes NaN. Set trainer.precision to bf16-mixed or 32-true."
        )


def refuse_infinite(loss: Tensor, batch: Batch, trainer: Trainer) -> None:
    """End a run before a non-finite loss spoils its weights; all processes must call this.

    Args:
        loss: Of a batch on this process, a scalar.
        batch: The batch.
        trainer: The trainer of the run.

    Raises:
        UserError: The loss is not finite on this process or another.
    """
    is_infinite = ~loss.isfinite()
    if trainer.world_size > 1:
        is_infinite = trainer.strategy.reduce(is_infinite.float(), reduce_op="sum") > 0
    if not is_infinite:
        return
    mine = None if loss.isfinite() else (loss.item(), [example.source for example in batch.examples])
    found: list[Any] = [mine]
    if trainer.world_size > 1:
        found = [None] * trainer.world_size
        distributed.all_gather_object(found, mine)
    value, sources = next(one for one in found if one is not None)
    is_narrow = str(trainer.precision) != "32-true"
    precision = f", trainer.precision (now {trainer.precision}) to bf16-mixed or 32-true" if is_narrow else ""
    raise UserError(
        f"Expected a finite loss, got {value} at step {trainer.global_step} in the batch of {', '.join(sources)}. "
        f"Lower model.optimization.lr, set trainer.gradient_clip_val to 1.0{precision}, or look at these sentences. To "
        "resume from a checkpoint of an earlier step, pass --ckpt_path last."
    )
