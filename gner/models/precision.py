"""Numbers that leave the range of their type."""

from __future__ import annotations

from typing import Any

from lightning import Trainer
from torch import Tensor, distributed

from gner.errors import UserError
from gner.interfaces import Batch

_FP16_OVERFLOWS = {"t5", "mt5", "umt5", "longt5", "switch_transformers"}


def overflows_in_fp16(model_type: str) -> bool:
    """Whether a model type of Hugging Face is T5 or a relative of it."""
    return model_type in _FP16_OVERFLOWS


def check_precision(model_type: str, precision: str) -> None:
    """Refuse fp16 for models whose activations leave its range.

    Raises:
        UserError: The model type is T5 or a relative of it, and the precision of the trainer is fp16.
    """
    if precision in ("16-mixed", "16-true") and overflows_in_fp16(model_type):
        raise UserError(
            f"Expected a precision other than {precision} for a `{model_type}` backbone: its activations overflow in "
            "fp16 and the loss becomes NaN. Set trainer.precision to bf16-mixed or 32-true."
        )


def refuse_infinite(loss: Tensor, batch: Batch, trainer: Trainer) -> None:
    """End a run before a loss that is not finite spoils its weights; all processes must call this.

    Args:
        loss: Of a batch on this process, a scalar.
        batch: What it is of.
        trainer: The trainer of the run.

    Raises:
        UserError: The loss is not finite, on this process or on another.
    """
    is_lost = ~loss.isfinite()
    if trainer.world_size > 1:
        is_lost = trainer.strategy.reduce(is_lost.float(), reduce_op="sum") > 0
    if not is_lost:
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
        f"Lower model.optimization.lr, set trainer.gradient_clip_val to 1.0{precision}, or look at these sentences. A "
        "checkpoint of an earlier step can be resumed with --ckpt_path last."
    )
