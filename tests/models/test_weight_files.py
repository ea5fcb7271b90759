"""Weights are read from safetensors files."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gner.errors import UserError
from gner.models import Backbone
from gner.models.weight_files import WeightFiles, load_rows, materialize, untie_distinct_weights


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


def test_files_of_an_index_that_are_missing_are_named(families: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(families["llama"], tmp_path / "model")
    with WeightFiles(str(folder)) as files, WeightFiles(str(families["llama"])) as others:
        assert files.names == others.names
    first = min(folder.glob("*.safetensors"))
    first.unlink()
    with pytest.raises(UserError, match=rf"but {first.name} are missing"):
        WeightFiles(str(folder))


@pytest.mark.parametrize(("name", "is_tied"), [("t5", True), ("flan", False), ("tied_llama", True), ("llama", False)])
def test_a_head_is_untied_where_a_checkpoint_has_another_one(
    name: str, is_tied: bool, families: dict[str, Path]
) -> None:
    network = Backbone(str(families[name])).build_empty()
    with WeightFiles(str(families[name])) as files:
        untie_distinct_weights(network, files)
        materialize(network, torch.device("cpu"))
        load_rows(network, files)
    network.tie_weights(recompute_mapping=False)
    head, embeddings = network.get_output_embeddings().weight, network.get_input_embeddings().weight
    assert torch.equal(head, embeddings) == is_tied
    expected = Backbone(str(families[name])).build().state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in network.state_dict().items())
