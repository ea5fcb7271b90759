"""Tensors between the names and layout of checkpoints and those of networks."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from gner.models import Backbone
from gner.models.conversion import ConvertedTensors, StoredLayout, adopt_names, remember_conversions, stored_names
from gner.models.weight_files import WeightFiles, load_rows
from tests.models.matrix import make_checkpoint

NAMES = ("llama", "mixtral", "gemma3", "t5")
"""With the names of the file, with experts that are merged, with a prefix, and with tied weights."""


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return make_checkpoint(request.param, tmp_path / request.param)


def _tensors(network: PreTrainedModel) -> dict[str, torch.Tensor]:
    tied = network.all_tied_weights_keys
    return {name: value for name, value in network.state_dict().items() if name not in tied}


def test_a_network_filled_by_rows_is_the_one_that_transformers_loads(folder: Path) -> None:
    expected = Backbone(str(folder)).build()
    network = Backbone(str(folder)).build()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    with WeightFiles(str(folder)) as files:
        load_rows(network, ConvertedTensors(files, network))
    for name, value in expected.state_dict().items():
        assert torch.equal(network.state_dict()[name], value), name


def test_some_rows_of_a_converted_tensor_are_those_of_the_whole(folder: Path) -> None:
    network = Backbone(str(folder)).build()
    with WeightFiles(str(folder)) as files:
        converted = ConvertedTensors(files, network)
        for name, value in _tensors(network).items():
            source = converted.tensor(name)
            assert torch.equal(source[1:2], value[1:2]), name


def test_stored_tensors_have_the_names_and_values_of_the_checkpoint(folder: Path) -> None:
    network = Backbone(str(folder)).build()
    with WeightFiles(str(folder)) as files:
        converted = ConvertedTensors(files, network)
        load_rows(network, converted)
        remember_conversions(network, converted.conversions)
        assert set(stored_names(network)) == files.names
        tensors = _tensors(network)
        layout = StoredLayout(network, {name: value.to("meta") for name, value in tensors.items()})
        for stored in layout.shapes:
            made = layout.make(stored, {name: tensors[name] for name in layout.needs(stored)})
            assert torch.equal(made[stored], files.tensor(stored)[...]), stored


def test_names_of_a_checkpoint_are_adopted_without_its_weights(folder: Path) -> None:
    network = Backbone(str(folder)).build()
    with WeightFiles(str(folder)) as files:
        adopt_names(network, files.names)
        assert set(stored_names(network)) == files.names
