"""Loss and gradients of packed sequences, against the networks' own of separate ones."""

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn
from torch._dynamo.utils import counters
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from gner.data.collate import Collator
from gner.decoding.token_masks import why_no_pairs
from gner.interfaces import IGNORED, Batch
from gner.models import Backbone, Lora
from gner.models.causal_loss import CausalLoss, find_out
from gner.models.fused_loss import FusedLoss
from gner.models.sharding import build_network, find_blocks
from gner.prompting import GnerFormat
from gner.records import Example
from gner.testing import make_examples
from tests.models.sharded import make_strategy
from tests.models.training import fit
from tests.processes import run_processes

SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4}
GROUPED = {"num_key_value_heads": 2, "head_dim": 8}
WINDOW = {"sliding_window": 6}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
PACKING: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", SIZES),
    "gpt2": ("gpt2", GPT),
    "mistral": ("mistral", {**SIZES, "num_key_value_heads": 2, **WINDOW}),
    "gemma3": ("gemma3_text", {**SIZES, **GROUPED, **WINDOW}),
    "gemma2": ("gemma2", {**SIZES, **GROUPED, **WINDOW}),
    "granite": ("granite", {**SIZES, "logits_scaling": 2.0}),
    "qwen3": ("qwen3", {**SIZES, **GROUPED}),
    "qwen3_moe": ("qwen3_moe", {**SIZES, **GROUPED, **EXPERTS}),
    "phi": ("phi", SIZES),
    "phi3": ("phi3", {**SIZES, "num_key_value_heads": 2, "eos_token_id": 2}),
    "gpt_neox": ("gpt_neox", SIZES),
    "opt": ("opt", {**SIZES, "ffn_dim": 64, "word_embed_proj_dim": 32}),
    "falcon": ("falcon", SIZES),
    "cohere": ("cohere", SIZES),
    "olmo2": ("olmo2", SIZES),
    "gptj": ("gptj", {**GPT, "rotary_dim": 8}),
    "smollm3": ("smollm3", {**SIZES, "num_key_value_heads": 2}),
    "starcoder2": ("starcoder2", {**SIZES, "num_key_value_heads": 2, **WINDOW}),
}
ALWAYS = {"llama", "gpt2", "mistral", "gemma3", "granite"}
NOT_PACKING: dict[str, tuple[str, dict[str, Any], str]] = {
    "bloom": ("bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4}, "no position ids"),
    "gpt_neo": (
        *("gpt_neo", {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "attention_types": [[["local"], 2]]}),
        "restricted in a way that is not known here: window_size",
    ),
    "mamba": ("mamba", {"hidden_size": 32, "num_hidden_layers": 2}, "no position ids"),
    "router": (
        *("qwen3_moe", {**SIZES, **GROUPED, **EXPERTS, "output_router_logits": True}),
        "not the mean cross-entropy of its logits",
    ),
}


def _build(model_type: str, options: dict[str, Any], vocab_size: int) -> PreTrainedModel:
    torch.manual_seed(0)
    config = AutoConfig.for_model(model_type, **{"vocab_size": vocab_size, "pad_token_id": 0, **options})
    network: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    return network.eval()


@pytest.fixture(scope="module")
def collate(checkpoints: dict[str, Path]) -> Collator:
    """Makes batches whose prompts begin alike."""
    return Collator(GnerFormat(), Backbone(str(checkpoints["causal"])), share_prompts=True)


@pytest.fixture(scope="module")
def batch(collate: Collator) -> Batch:
    batch = collate(make_examples())
    assert batch.packed is not None
    assert batch.packed.input_ids.numel() < 0.7 * batch.input_ids.numel()
    return batch


@pytest.fixture(scope="module")
def vocab_size(batch: Batch) -> int:
    return int(batch.input_ids.max()) + 1


def _own_loss(network: PreTrainedModel, batch: Batch) -> Tensor:
    rows = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask, "labels": batch.labels}
    loss: Tensor = network(**rows, use_cache=False).loss
    return loss


def _gradients(network: nn.Module) -> dict[str, Tensor]:
    found = {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}
    network.zero_grad()
    return found


def _assert_same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert ours.keys() == theirs.keys() and ours
    largest = max(gradient.norm().item() for gradient in theirs.values())
    for name, expected in theirs.items():
        assert (ours[name] - expected).norm() <= 2e-6 * max(expected.norm().item(), 1e-2 * largest), name


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.slow) for name in PACKING]
)
@pytest.mark.parametrize("fused", [False, True], ids=["logits", "fused"])
def test_packed_sequences_teach_the_same(name: str, fused: bool, batch: Batch, vocab_size: int) -> None:
    if fused and name in {"gemma2", "granite", "cohere"}:
        pytest.skip("its logits are changed after the head")
    network = _build(*PACKING[name], vocab_size)
    own = _own_loss(network, batch)
    own.backward()
    expected = _gradients(network)
    causal_loss = CausalLoss(FusedLoss() if fused else None)
    loss = causal_loss(network, batch)
    assert causal_loss.packed(batch) is batch.packed
    torch.testing.assert_close(loss, own, rtol=1e-6, atol=0)
    loss.backward()
    _assert_same(_gradients(network), expected)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a compiler")
@pytest.mark.parametrize("name", ["llama", "gemma3"])
def test_compiled_blocks_learn_the_same_of_packed_sequences(name: str, collate: Collator, vocab_size: int) -> None:
    network = _build(*PACKING[name], vocab_size)
    batches = [collate(make_examples() * times) for times in (1, 2, 3, 4)]
    shapes = [batch.packed.input_ids.shape for batch in batches if batch.packed is not None]
    assert len(shapes) == len(batches) and len({bins for bins, _ in shapes}) > 1

    def learn() -> list[tuple[Tensor, dict[str, Tensor]]]:
        causal_loss, found = CausalLoss(), []
        for batch in batches:
            loss = causal_loss(network, batch)
            loss.backward()
            assert causal_loss.packed(batch) is batch.packed
            found.append((loss.detach(), _gradients(network)))
        return found

    plain = learn()
    torch.compiler.reset()
    counters.clear()
    for block in find_blocks(network):
        block.forward = torch.compile(block.forward, dynamic=True)
    for (loss, gradients), (expected, own) in zip(learn(), plain, strict=True):
        torch.testing.assert_close(loss, expected, rtol=1e-6, atol=0)
        _assert_same(gradients, own)
    assert 0 < counters["stats"]["unique_graphs"] < len(batches)  # not one for each length
    torch.compiler.reset()


@pytest.mark.parametrize("name", NOT_PACKING)
def test_a_network_that_cannot_read_packed_sequences_reads_separate_ones_and_says_so(
    name: str, batch: Batch, vocab_size: int, caplog: pytest.LogCaptureFixture
) -> None:
    model_type, options, reason = NOT_PACKING[name]
    network = _build(model_type, options, vocab_size)
    causal_loss = CausalLoss()
    with caplog.at_level(logging.INFO, "gner"):
        loss = causal_loss(network, batch)
    torch.testing.assert_close(loss, _own_loss(network, batch), rtol=1e-6, atol=0)
    assert causal_loss.packed(batch) is None
    assert reason in caplog.text


def test_other_kinds_of_attention_take_no_such_mask(vocab_size: int) -> None:
    network = _build(*PACKING["llama"], vocab_size)
    network.config._attn_implementation = "flash_attention_2"
    assert "flash_attention_2" in (why_no_pairs(network) or "")


def test_finding_out_changes_nothing(vocab_size: int) -> None:
    network = _build("gpt2", GPT, vocab_size).train()  # dropout
    network.transformer.h[0].eval()
    modes = [module.training for module in network.modules()]
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    find_out(network, torch.device("cpu"))
    assert torch.equal(torch.rand(3), expected)
    assert [module.training for module in network.modules()] == modes


def test_nothing_to_learn_gives_no_gradient(batch: Batch, vocab_size: int, collate: Collator) -> None:
    network = _build(*PACKING["llama"], vocab_size)
    empty = collate(make_examples())
    assert empty.packed is not None
    empty.packed.targets = torch.full_like(empty.packed.targets, IGNORED)
    loss = CausalLoss()(network, empty)
    assert loss.item() == 0.0
    loss.backward()
    gradients = _gradients(network)
    assert gradients.keys() == {name for name, _ in network.named_parameters()}
    assert not any(gradient.any() for gradient in gradients.values())


@pytest.mark.parametrize("lora", [None, Lora(r=2, dropout=0.0)], ids=["full", "lora"])
def test_a_run_learns_the_same(lora: Lora | None, checkpoints: dict[str, Path], toy_root: Path) -> None:
    """With adapters, and activations that are computed twice."""
    shared, apart = (
        fit(
            *(checkpoints["causal"], toy_root),
            lora=lora,
            gradient_checkpointing=share == "auto",
            data={"share_prompts": share, "batch_size": 5},
        ).network
        for share in ("auto", "never")
    )
    for (name, weight), other in zip(shared.named_parameters(), apart.parameters(), strict=True):
        torch.testing.assert_close(other, weight, msg=name)


def test_bf16_is_near_to_fp32(batch: Batch, vocab_size: int) -> None:
    network = _build(*PACKING["llama"], vocab_size)
    exact = _own_loss(network, batch).item()
    with torch.autocast("cpu", torch.bfloat16):
        assert CausalLoss()(network, batch).item() == pytest.approx(exact, rel=0.02)
    causal_loss = CausalLoss()
    assert causal_loss(network.to(torch.bfloat16), batch).item() == pytest.approx(exact, rel=0.02)
    assert causal_loss.packed(batch) is not None


def _check_sharded(rank: int, folder: Path, examples: list[Example]) -> None:
    distributed.init_process_group("gloo")
    backbone = Backbone(str(folder))
    collate = Collator(GnerFormat(), backbone, share_prompts=True)
    batch = collate(examples[rank:])
    whole = backbone.build().eval()
    own = _own_loss(whole, batch)
    own.backward()
    expected = _gradients(whole)
    for gradient in expected.values():
        distributed.all_reduce(gradient)
        gradient.div_(2)
    network = build_network(backbone, make_strategy(2), lambda network: None).eval()
    causal_loss = CausalLoss()
    loss = causal_loss(network, batch)
    assert causal_loss.packed(batch) is not None
    torch.testing.assert_close(loss, own, rtol=1e-5, atol=0)
    loss.backward()
    _assert_same({name: gradient.full_tensor() for name, gradient in _gradients(network).items()}, expected)  # type: ignore[attr-defined]
    distributed.barrier()
    distributed.destroy_process_group()


def test_gradients_of_a_sharded_network_are_the_same(checkpoints: dict[str, Path]) -> None:
    run_processes(_check_sharded, 2, checkpoints["causal"], make_examples())
