"""The optimizer of a run and its learning-rate schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.distributed.tensor import DTensor
from transformers import get_scheduler

from gner.errors import UserError


@dataclass(frozen=True)
class Optimization:
    """AdamW and its schedule.

    Attributes:
        lr: Peak learning rate; null chooses it by what is trained, see `default_rate`. The paper: 5e-5 for T5, 2e-5 for
            LLaMA.
        schedule: What follows the warm-up: stay, or fall to 0 along a cosine or a line. The paper: constant for T5,
            cosine for LLaMA.
        warmup_ratio: Share of all steps over which the rate rises from 0. The paper: 0.04 for LLaMA.
        weight_decay: Of weight matrices; biases and norms have none.
        betas: Of AdamW.
        optimizer: ``adamw``, or ``adamw_8bit`` of bitsandbytes (Dettmers et al., 2022, arXiv 2110.02861), whose states
            need a quarter of the memory; on CUDA devices, with weights that are not sharded.

    Example:
        >>> Optimization(lr=0)
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected `lr` > 0, got 0. Set model.optimization.lr.
    """

    lr: float | None = None
    schedule: Literal["constant", "cosine", "linear"] = "constant"
    warmup_ratio: float = 0.0
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    optimizer: Literal["adamw", "adamw_8bit"] = "adamw"

    def __post_init__(self) -> None:
        if not 0 <= self.warmup_ratio < 1:
            raise UserError(
                f"Expected 0 <= `warmup_ratio` < 1, got {self.warmup_ratio}. Set model.optimization.warmup_ratio."
            )
        if self.lr is not None and self.lr <= 0:
            raise UserError(f"Expected `lr` > 0, got {self.lr}. Set model.optimization.lr.")


def default_rate(*, has_adapters: bool, is_random: bool) -> tuple[float, str]:
    """The learning rate where the config has none, and why.

    Example:
        >>> default_rate(has_adapters=True, is_random=False)
        (0.0002, 'adapters are trained')
    """
    if has_adapters:
        return 2e-4, "adapters are trained"
    if is_random:
        return 1e-3, "weights are random at first"
    return 5e-5, "all weights of a pretrained model are trained"


def make_optimizer(
    settings: Optimization, trainable: Sequence[Tensor], num_steps: float, *, fused: bool
) -> OptimizerLRSchedulerConfig:
    """AdamW with a schedule that moves every step.

    Args:
        settings: Its options.
        trainable: Parameters to train.
        num_steps: Steps of the run; infinite if they are not known.
        fused: Whether to update all parameters in one kernel.

    Raises:
        UserError: The schedule needs to know the number of steps, or the optimizer cannot work with these parameters.
    """
    groups = _parameter_groups(trainable, settings)
    rate = default_rate(has_adapters=False, is_random=False)[0] if settings.lr is None else settings.lr
    if settings.optimizer == "adamw_8bit":
        optimizer = _import_adamw_8bit(trainable)(groups, rate, settings.betas)
    else:
        optimizer = torch.optim.AdamW(groups, rate, settings.betas, fused=fused)
    is_endless = num_steps == float("inf")
    if is_endless and (settings.schedule != "constant" or settings.warmup_ratio):
        raise UserError(
            f"Expected a known number of steps for schedule={settings.schedule}. Set trainer.max_epochs or "
            "trainer.max_steps."
        )
    num_known = None if is_endless else int(num_steps)
    num_warmup_steps = round(settings.warmup_ratio * (num_known or 0))
    name = "constant_with_warmup" if settings.schedule == "constant" else settings.schedule
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=num_warmup_steps, num_training_steps=num_known)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def _parameter_groups(trainable: Sequence[Tensor], settings: Optimization) -> list[dict[str, Any]]:
    """Matrices with weight decay, biases and norms without."""
    matrices = [parameter for parameter in trainable if parameter.ndim >= 2]
    others = [parameter for parameter in trainable if parameter.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _import_adamw_8bit(trainable: Sequence[Tensor]) -> Callable[..., torch.optim.Optimizer]:
    """The class of an optional library, if it can update these parameters."""
    if any(isinstance(parameter, DTensor) for parameter in trainable):
        raise UserError(
            "Expected whole weights for optimizer=adamw_8bit, whose kernels do not know sharded ones, got "
            "FSDP2Strategy. Set model.optimization.optimizer to adamw, whose states are sharded, or trainer.strategy "
            "to ddp."
        )
    others = sorted({parameter.device.type for parameter in trainable} - {"cuda"})
    if others:
        raise UserError(
            "Expected weights on CUDA devices for optimizer=adamw_8bit, as what bitsandbytes does elsewhere depends on "
            f"its version, got some on {' and '.join(others)}. Set trainer.accelerator to gpu, or "
            "model.optimization.optimizer to adamw."
        )
    try:
        from bitsandbytes.optim import AdamW8bit  # noqa: PLC0415 optional
    except ImportError as error:
        raise UserError(
            "Expected bitsandbytes for optimizer=adamw_8bit, but it is not installed: pip install bitsandbytes, or set "
            "model.optimization.optimizer to adamw."
        ) from error
    kernels: Callable[..., torch.optim.Optimizer] = AdamW8bit
    return kernels
