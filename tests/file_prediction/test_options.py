"""Options of file prediction."""

import pytest
import torch

from gner.errors import UserError
from gner.file_prediction.options import PredictOptions


def test_a_cpu_computes_in_fp32_unless_another_dtype_is_named() -> None:
    assert PredictOptions("model", "texts", accelerator="cpu").torch_dtype is torch.float32
    assert PredictOptions("model", "texts", accelerator="cpu", dtype="bf16").torch_dtype is torch.bfloat16
    with pytest.raises(UserError, match="Expected a `dtype` of fp32, bf16, fp16"):
        _ = PredictOptions("model", "texts", accelerator="cpu", dtype="int8").torch_dtype
