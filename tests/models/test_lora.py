"""Adapters."""

from pathlib import Path

import pytest
from transformers import PreTrainedModel

from gner.errors import UserError
from gner.models import Backbone, GnerModule, Lora, Optimization
from tests.conftest import KINDS
from tests.models.matrix import make_checkpoint
from tests.models.training import fit


def test_dropout_on_experts_is_refused_by_its_key(tmp_path: Path) -> None:
    network = Backbone(str(make_checkpoint("mixtral", tmp_path / "mixtral"))).build()
    with pytest.raises(UserError, match=r"model\.lora\.dropout=0\.05.*Set model\.lora\.dropout to 0"):
        Lora(target_modules="all-linear").add_to(network, needs_input_grads=False)


def _adapted(network: PreTrainedModel) -> set[str]:
    """Names of the modules that have adapters."""
    names = [name for name, _ in network.named_parameters() if ".lora_A" in name]
    return {name.partition(".lora_A")[0].rpartition(".")[2] for name in names}


def test_a_type_that_peft_does_not_know_gets_adapters_on_all_linear_layers(tmp_path: Path) -> None:
    network = Backbone(str(make_checkpoint("lfm2", tmp_path / "lfm2"))).build()
    Lora().add_to(network, needs_input_grads=False)
    assert {"q_proj", "out_proj", "in_proj"} <= _adapted(network)


def test_a_type_that_peft_knows_gets_its_choice(tmp_path: Path) -> None:
    network = Backbone(str(make_checkpoint("mixtral", tmp_path / "mixtral"))).build()
    Lora().add_to(network, needs_input_grads=False)
    assert _adapted(network) == {"q_proj", "v_proj"}


@pytest.mark.parametrize("kind", KINDS)
def test_lora_trains_adapters_only(kind: str, checkpoints: dict[str, Path], toy_root: Path) -> None:
    before = Backbone(str(checkpoints[kind])).build().state_dict()
    module = fit(checkpoints[kind], toy_root, lora=Lora(r=2, dropout=0.0), optimization=Optimization(lr=1e-2))
    trainable = {name for name, parameter in module.network.named_parameters() if parameter.requires_grad}
    assert trainable
    assert all("lora_" in name for name in trainable)
    after = module.network.state_dict()
    assert any(after[name].abs().sum() > 0 for name in trainable if "lora_B" in name)
    for name, weight in after.items():
        if "lora_" not in name:
            assert weight.equal(before[name.replace("base_layer.", "")])


def test_lora_on_missing_modules_is_refused(checkpoints: dict[str, Path]) -> None:
    module = GnerModule(str(checkpoints["causal"]), lora=Lora(target_modules=["nope"]))
    with pytest.raises(UserError, match=r"nope.*model\.lora\.target_modules"):
        module.configure_model()


@pytest.mark.parametrize(("name", "target"), [("t5", "lm_head"), ("tied_llama", "embed_tokens")])
def test_adapters_on_tied_weights_are_refused(name: str, target: str, families: dict[str, Path]) -> None:
    network = Backbone(str(families[name])).build()
    with pytest.raises(UserError, match=f"but `.*{target}` shares its weights"):
        Lora(target_modules=[target]).add_to(network, needs_input_grads=False)
