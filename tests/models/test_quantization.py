"""QLoRA with real 4-bit weights: bitsandbytes has kernels for a CPU, too, if slow ones."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Trainer
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from gner.errors import UserError
from gner.inference.loading import load
from gner.models import FromScratch, GnerModule, Lora, module
from gner.models.footprint import Planner
from gner.models.memory_needs import Shape
from gner.models.quantization import check_device, quantized_layers, require_library
from gner.models.restore import read_meta
from tests.runs import refused, run_command

QLORA = ("--model.lora.r", "4", "--model.lora.target_modules", "all-linear", "--model.lora.quantization", "nf4")


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quantized weights are trained on the CPU: only the refusal is left out."""
    monkeypatch.setattr(module, "check_device", lambda trainer: None)


@pytest.fixture(scope="module")
def wide(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose layers have sizes that the kernels for a CPU take."""
    folder = tmp_path_factory.mktemp("wide")
    tokenizer = AutoTokenizer.from_pretrained(checkpoints["causal"])
    tokenizer.save_pretrained(folder)
    sizes: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    options = {**sizes, "num_attention_heads": 2, "vocab_size": len(tokenizer)}
    LlamaForCausalLM(LlamaConfig(**options, eos_token_id=tokenizer.eos_token_id)).save_pretrained(folder)
    return folder


@pytest.mark.usefixtures("on_cpu")
def test_adapters_learn_beside_frozen_4_bit_weights(config: Path, tmp_path: Path, wide: Path) -> None:
    options = (*QLORA, "--model.backbone", str(wide))
    run_command("fit", config, *options, "--trainer.max_epochs", "1")
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    state = read_meta(path)["state_dict"]
    assert state and all(".lora_" in name for name in state)  # the rest is the backbone's, as it was
    run_command("fit", config, *options, "--trainer.max_epochs", "2", "--ckpt_path", str(path))
    later = read_meta(path)["state_dict"]
    assert later.keys() == state.keys()
    assert any(not torch.equal(later[name], state[name]) for name in state)
    restored = load(str(path)).network
    with_adapters = dict(restored.named_parameters())
    assert all(torch.equal(with_adapters[name.removeprefix("network.")], tensor) for name, tensor in later.items())
    unchanged = dict(load(str(wide)).network.named_parameters())
    name = "model.layers.0.self_attn.q_proj"
    assert torch.equal(with_adapters[f"{name}.base_layer.weight"], unchanged[f"{name}.weight"])


@pytest.mark.usefixtures("on_cpu")
def test_other_adapters_are_not_resumed(config: Path, tmp_path: Path, wide: Path, capsys: Any) -> None:
    options = (*QLORA, "--model.backbone", str(wide))
    run_command("fit", config, *options, "--trainer.max_epochs", "1")
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    few = ("--model.lora.target_modules", '["q_proj"]', "--trainer.max_epochs", "2", "--ckpt_path", str(path))
    said = refused("fit", config, capsys, *options, *few)
    assert "Expected a checkpoint with the 4 adapter tensors of this run, but 24 differ" in said
    assert "Set model.lora as it was" in said


def test_linear_layers_have_4_bits(checkpoints: dict[str, Path]) -> None:
    lora = Lora(target_modules=["q_proj"], quantization="nf4")
    quantized = GnerModule(str(checkpoints["causal"]), lora=lora)
    quantized.configure_model()
    found = {
        name
        for name, parameter in quantized.network.named_parameters()
        if parameter.dtype == torch.uint8 and not parameter.requires_grad
    }
    plain = GnerModule(str(checkpoints["causal"]), lora=Lora(target_modules=["q_proj"]))
    plain.configure_model()
    weights = {id(layer.weight) for layer in quantized_layers(plain.network)}
    expected = {name for name, parameter in plain.network.named_parameters() if id(parameter) in weights}
    assert found == expected and found


def test_a_run_without_cuda_is_refused_with_the_reason(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused("fit", config, capsys, *QLORA)
    assert "Expected a CUDA device for model.lora.quantization, got cpu" in said
    assert "or model.lora.quantization to null" in said


def test_several_devices_are_refused() -> None:
    trainer = Trainer(accelerator="cpu", devices=2, strategy="ddp", logger=False, enable_checkpointing=False)
    with pytest.raises(UserError, match=r"one device .* got 2.*FSDP2Strategy"):
        check_device(trainer)


def test_random_weights_are_refused() -> None:
    with pytest.raises(UserError, match="got FromScratch, some of whose weights are random"):
        GnerModule(FromScratch("llama"), lora=Lora(quantization="nf4"))


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.models.quantization.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'gner\[quantization\]'"):
        require_library()


def test_less_memory_is_planned() -> None:
    sizes: dict[str, Any] = {"hidden_size": 256, "intermediate_size": 512, "num_attention_heads": 4}
    plain = GnerModule(FromScratch("llama", vocab_size=300, config=sizes), lora=Lora(target_modules="all-linear"))
    plain.backbone.set_tokenizer(plain.backbone.train_tokenizer(["Ada slept"]))  # type: ignore[attr-defined]
    shape = Shape(1, 8, 8)
    whole, small = (
        Planner(plain.backbone, plain.prepare, None, precision="bf16-true", quantizes=quantizes).footprint(
            shape, shape, num_sequences=1, accumulates=False
        )
        for quantizes in (False, True)
    )
    assert 0.25 < small.weights / whole.weights < 0.5
    assert (small.activations, small.cache, small.optimizer) == (whole.activations, whole.cache, whole.optimizer)
