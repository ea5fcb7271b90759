"""Names of tensors with and without adapters."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from gner.models import Backbone, Lora
from gner.models.tensors import is_adapter, plain_name, shape_of
from tests.conftest import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_with_adapters_all_other_tensors_keep_their_plain_names(kind: str, checkpoints: dict[str, Path]) -> None:
    backbone = Backbone(str(checkpoints[kind]))
    network = backbone.build()
    before = set(network.state_dict())
    Lora(r=2, dropout=0.0, target_modules="all-linear").add_to(network, needs_input_grads=False)
    after = set(network.state_dict())
    adapters = {name for name in after if is_adapter(name)}
    assert len(after - before) > len(adapters) > 0  # some names have changed
    assert {plain_name(name) for name in after - adapters} == before
    assert {plain_name(name) for name in adapters} == adapters


def test_a_tensor_has_the_shape_of_its_slice_in_a_file(tmp_path: Path) -> None:
    tensor = torch.zeros(3, 5)
    save_file({"a": tensor}, tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert shape_of(file.get_slice("a")) == shape_of(tensor) == (3, 5)
