"""Sharded networks without a trainer."""

from collections.abc import Callable
from typing import Any

import torch
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from transformers import PreTrainedModel

from gner.models import FSDP2Strategy


def make_strategy(num_processes: int, **options: Any) -> FSDP2Strategy:
    """The strategy as a trainer sets it up."""
    strategy = FSDP2Strategy(compute_dtype="fp32", **options)
    strategy.parallel_devices = [torch.device("cpu")] * num_processes
    names = ("data_parallel", "tensor_parallel")
    strategy._device_mesh = init_device_mesh("cpu", (num_processes, 1), mesh_dim_names=names)
    return strategy


def make_inputs(network: PreTrainedModel, length: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(length)
    ids = torch.randint(3, network.config.vocab_size, (2, length), generator=generator)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def logits_of(network: PreTrainedModel) -> torch.Tensor:
    inputs = make_inputs(network, 7)
    if network.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = inputs["input_ids"]
    return network(**inputs).logits


def write(network: PreTrainedModel, length: int) -> list[list[int]]:
    return network.generate(
        **make_inputs(network, length), max_new_tokens=4 + length, num_beams=2, do_sample=False
    ).tolist()


def count_calls(calls: list[str]) -> None:
    """Record every collective from now on."""
    for name in ("all_reduce", "all_gather_single", "all_gather_into_tensor", "broadcast", "reduce_scatter_single"):
        original: Callable[..., Any] | None = getattr(distributed, name, None)
        if original is not None:

            def counted(*args: Any, _name: str = name, _original: Callable[..., Any] = original, **more: Any) -> Any:
                calls.append(_name)
                return _original(*args, **more)

            setattr(distributed, name, counted)
