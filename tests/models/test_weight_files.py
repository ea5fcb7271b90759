"""Weights are read from safetensors files."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gner.errors import UserError
from gner.models import Backbone
from gner.models.weight_files import WeightFiles, load_rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("drop", r"Expected `model.norm.weight` in .*, but found none"),
        ("add", r"found also `extra.weight`"),
        ("shape", r"Expected `model.norm.weight` of .* to have the shape \(16,\), .* found \(3,\)"),
        ("pickle", r"Sharded training reads safetensors only"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    change: str, message: str, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(checkpoints["causal"], folder)
    weights = load_file(folder / "model.safetensors")
    if change == "drop":
        del weights["model.norm.weight"]
    elif change == "add":
        weights["extra.weight"] = torch.ones(2)
    elif change == "shape":
        weights["model.norm.weight"] = torch.ones(3)
    (folder / "model.safetensors").unlink()
    if change != "pickle":
        save_file(weights, folder / "model.safetensors")
    with pytest.raises(UserError, match=message), WeightFiles(str(folder)) as files:
        load_rows(Backbone(str(folder)).build_empty().to_empty(device="cpu"), files)
