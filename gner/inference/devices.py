"""Device and dtype selection."""

from __future__ import annotations

import torch

from gner.errors import UserError, first_line
from gner.models.precision import overflows_in_fp16

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str | torch.device | None) -> torch.device:
    """The device of this name, or the best one available.

    Raises:
        UserError: There is no such device.

    Example:
        >>> choose_device("cpu")
        device(type='cpu')
        >>> choose_device("gpu")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected an available device, such as cpu or cuda:0, got `gpu`: ...
    """
    if name is None:
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UserError(
            f"Expected an available device, such as cpu or cuda:0, got `{name}`: {first_line(error)}"
        ) from error
    return device


def choose_dtype(name: str | torch.dtype | None, device: torch.device) -> torch.dtype:
    """The dtype of this name, or the fastest that is precise enough: bf16 on GPUs that support it, else fp32.

    Raises:
        UserError: There is no such dtype.

    Example:
        >>> choose_dtype(None, torch.device("cpu")), choose_dtype("bf16", torch.device("cpu"))
        (torch.float32, torch.bfloat16)
    """
    if name is None:
        has_bf16 = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_bf16 else torch.float32
    if isinstance(name, torch.dtype):
        return name
    if name not in _DTYPES:
        raise UserError(f"Expected a `dtype` of {', '.join(_DTYPES)} or one of torch, got `{name}`.")
    return _DTYPES[name]


def check_dtype(dtype: torch.dtype, model_type: str) -> None:
    """Raise for fp16 if the model overflows in it.

    Raises:
        UserError: The model is a T5 or a variant of it.

    Example:
        >>> check_dtype(torch.float16, "llama")
        >>> check_dtype(torch.float16, "t5")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a `dtype` other than fp16 for a `t5`: its activations overflow. ...
    """
    if dtype == torch.float16 and overflows_in_fp16(model_type):
        raise UserError(
            f"Expected a `dtype` other than fp16 for a `{model_type}`: its activations overflow. Use bf16 or fp32."
        )
