"""Devices and dtypes by name."""

from pathlib import Path

import pytest
import torch

from gner import GNER
from gner.errors import UserError
from gner.inference.devices import choose_device, choose_dtype


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "tpu9"}, "Expected an available device"),
        ({"dtype": "int3"}, "Expected a `dtype`"),
        ({"dtype": "fp16"}, "t5"),
    ],
)
def test_unavailable_devices_and_dtypes_raise(
    options: dict[str, str], message: str, checkpoints: dict[str, Path]
) -> None:
    with pytest.raises(UserError, match=message):
        GNER.from_pretrained(checkpoints["seq2seq"], **options)


def test_weights_have_the_requested_dtype(checkpoints: dict[str, Path]) -> None:
    network = GNER.from_pretrained(checkpoints["seq2seq"], dtype="bf16", device="cpu").labeller.network
    assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}


def test_a_cpu_computes_in_fp32_by_default() -> None:
    cpu = choose_device("cpu")
    assert choose_dtype(None, cpu) is torch.float32
    assert choose_dtype("bf16", cpu) is choose_dtype(torch.bfloat16, cpu) is torch.bfloat16
