"""Precisions that a network can be trained in, and losses that are not finite."""

from pathlib import Path
from typing import Any

import pytest
import torch

from gner.errors import UserError
from gner.models.module import check_precision
from tests.conftest import KINDS
from tests.models.training import fit
from tests.runs import refused, run_command

PRECISIONS = ("32-true", "bf16-mixed", "bf16-true", "64-true")


def test_fp16_is_refused_for_t5(checkpoints: dict[str, Path], toy_root: Path) -> None:
    with pytest.raises(UserError, match=r"overflow in fp16.*trainer\.precision"):
        fit(checkpoints["seq2seq"], toy_root, precision="16-true")
    with pytest.raises(UserError, match="16-mixed"):  # which Lightning replaces on a CPU
        check_precision("mt5", "16-mixed")
    check_precision("t5", "bf16-mixed")
    check_precision("llama", "16-mixed")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("precision", "dtype"), [("bf16-true", torch.bfloat16), ("bf16-mixed", torch.float32)])
def test_bf16_trains(
    kind: str, precision: str, dtype: torch.dtype, checkpoints: dict[str, Path], toy_root: Path
) -> None:
    module = fit(checkpoints[kind], toy_root, precision=precision)
    assert {parameter.dtype for parameter in module.network.parameters()} == {dtype}
    assert module.trainer.callback_metrics["train/loss"].isfinite()


@pytest.mark.parametrize("clip", ["0.0", "1.0"])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_every_precision_trains_with_and_without_clipping(config: Path, precision: str, clip: str) -> None:
    options = ["--trainer.precision", precision, "--trainer.gradient_clip_val", clip, "--trainer.max_steps", "3"]
    run_command("fit", config, *options, "--trainer.limit_val_batches", "0", "--trainer.logger", "false")


def test_a_non_finite_loss_ends_the_run_with_its_step_and_sentences(config: Path, capsys: Any) -> None:
    message = refused("fit", config, capsys, "--model.optimization.lr", "1e30")
    assert "got nan at step 1 in the batch of" in message
    assert "train.txt:" in message
    assert "model.optimization.lr" in message
