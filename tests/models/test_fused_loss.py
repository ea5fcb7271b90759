"""The loss from hidden states, against the networks' own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, PreTrainedModel

from gner.errors import UserError
from gner.interfaces import IGNORED
from gner.models import Backbone, GnerModule, Lora, TokenClassifier
from gner.models import fused_loss as module_under_test
from gner.models.fused_loss import FusedLoss, head_loss
from gner.models.sharding import build_network
from tests.conftest import KINDS
from tests.models.sharded import make_strategy
from tests.models.training import fit
from tests.processes import run_processes

VOCAB_SIZE = 50
SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
T5 = {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2}
BART = {
    **{"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2},
    **{"decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32},
}
HEADS = {"num_key_value_heads": 2, "head_dim": 8}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
SAME: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {**SMALL, "tie_word_embeddings": False}),
    "llama_tied": ("llama", {**SMALL, "tie_word_embeddings": True}),
    "qwen3": ("qwen3", {**SMALL, **HEADS}),
    "gemma3": ("gemma3_text", {**SMALL, **HEADS}),
    "phi": ("phi", SMALL),  # its head has a bias
    "t5_tied": ("t5", T5),
    "t5_untied": ("t5", {**T5, "tie_word_embeddings": False}),
    "bart": ("bart", BART),
    "granite": ("granite", {**SMALL, "logits_scaling": 1.0}),
    "qwen3_moe": ("qwen3_moe", {**SMALL, **HEADS, **EXPERTS}),
}
OTHERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "gemma2": ("gemma2", {**SMALL, **HEADS}, "final_logit_softcapping"),
    "gemma3": ("gemma3_text", {**SMALL, **HEADS, "final_logit_softcapping": 1000.0}, "final_logit_softcapping"),
    "cohere": ("cohere", SMALL, "logit_scale"),
    "granite": ("granite", {**SMALL, "logits_scaling": 2.0}, "logits_scaling"),
    "qwen3_moe": ("qwen3_moe", {**SMALL, **HEADS, **EXPERTS, "output_router_logits": True}, "output_router_logits"),
}


def _build(model_type: str, options: dict[str, Any]) -> PreTrainedModel:
    ids = {"vocab_size": VOCAB_SIZE, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config = AutoConfig.for_model(model_type, **ids, decoder_start_token_id=0, **options)
    torch.manual_seed(0)
    auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    network: PreTrainedModel = auto.from_config(config)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    return network.eval()


def _batch(network: PreTrainedModel, seed: int = 0) -> tuple[dict[str, Tensor], Tensor]:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, network.config.vocab_size, (3, 9), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    labels = ids.masked_fill(mask == 0, IGNORED)
    labels[:, :3] = IGNORED
    inputs = {"input_ids": ids, "attention_mask": mask}
    if network.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = ids.flip(0)
    return inputs, labels


def _gradients(network: PreTrainedModel) -> dict[str, Tensor]:
    found = {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}
    network.zero_grad()
    return found


def _assert_close(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert ours.keys() == theirs.keys() and ours
    for name, expected in theirs.items():
        assert (ours[name] - expected).norm() <= 1e-5 * max(expected.norm().item(), 1e-3), name


@pytest.fixture(params=[2**26, 7 * VOCAB_SIZE], ids=["one chunk", "several"])
def chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(module_under_test, "MOST_LOGITS", request.param)
    yield request.param


@pytest.mark.parametrize("name", SAME)
def test_loss_and_gradients_are_those_of_the_network(name: str, chunks: int) -> None:
    network = _build(*SAME[name])
    inputs, labels = _batch(network)
    plain = network(**inputs, labels=labels, use_cache=False).loss
    plain.backward()
    expected = _gradients(network)
    fused_loss = FusedLoss()
    for _ in range(2):  # the second time without the check
        fused = fused_loss(network, inputs, labels)
        torch.testing.assert_close(fused, plain, rtol=1e-5, atol=0)
        fused.backward()
        _assert_close(_gradients(network), expected)
    with torch.no_grad():
        torch.testing.assert_close(fused_loss(network, inputs, labels), plain, rtol=1e-5, atol=0)
    torch.testing.assert_close(network(**inputs, labels=labels, use_cache=False).loss, plain, rtol=0, atol=0)


@pytest.mark.parametrize("name", OTHERS)
def test_a_network_with_another_loss_is_refused(name: str) -> None:
    model_type, options, key = OTHERS[name]
    network = _build(model_type, options)
    with pytest.raises(UserError, match=rf"changes what the head gives.*{key}.*Set model.fused_loss to false"):
        FusedLoss()(network, *_batch(network))


def test_a_bias_after_the_head_is_refused() -> None:
    network = _build(*SAME["bart"])
    network.final_logits_bias[0, 5] = 0.5
    with pytest.raises(UserError, match="changes what the head gives"):
        FusedLoss()(network, *_batch(network))


def test_adapters_on_the_head_are_refused() -> None:
    network = _build(*SAME["llama"])
    Lora(target_modules=["q_proj", "lm_head"]).add_to(network, needs_input_grads=False)
    with pytest.raises(UserError, match="a linear layer without adapters"):
        FusedLoss()(network, *_batch(network))


def test_a_soft_cap_is_noticed_in_low_precision() -> None:
    network = _build(*SAME["gemma3"]).to(torch.bfloat16)
    FusedLoss()(network, *_batch(network))
    network.config.final_logit_softcapping = 30.0
    with pytest.raises(UserError, match="final_logit_softcapping"):
        FusedLoss()(network, *_batch(network))


@pytest.mark.parametrize("name", ["llama", "t5_tied"])
def test_nothing_to_learn_gives_no_gradient(name: str) -> None:
    network = _build(*SAME[name])
    inputs, labels = _batch(network)
    loss = FusedLoss()(network, inputs, torch.full_like(labels, IGNORED))
    assert loss.item() == 0.0
    loss.backward()
    gradients = _gradients(network)
    assert gradients.keys() == {name for name, _ in network.named_parameters()}
    assert not any(gradient.any() for gradient in gradients.values())


@pytest.mark.parametrize("name", ["llama", "t5_tied"])
@pytest.mark.parametrize("mode", ["weights", "autocast"])
def test_bf16_is_as_near_to_fp32_as_the_plain_loss(name: str, mode: str) -> None:
    network = _build(*SAME[name])
    inputs, labels = _batch(network)
    exact = network(**inputs, labels=labels).loss.item()
    if mode == "weights":
        network = network.to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16, enabled=mode == "autocast"):
        plain = network(**inputs, labels=labels).loss
        fused = FusedLoss()(network, inputs, labels)
    assert fused.dtype == torch.float32
    assert fused.item() == pytest.approx(exact, rel=0.02)
    plain.backward()
    expected = _gradients(network)
    fused.backward()
    for key, gradient in _gradients(network).items():
        assert (gradient - expected[key]).norm() < 0.05 * expected[key].norm() + 1e-3, key


def test_a_mean_in_bf16_has_the_precision_of_single_losses() -> None:
    """Torch's own mean adds up in bf16, where a sum of 6,000 moves in steps of 32."""
    torch.manual_seed(0)
    head = nn.Linear(16, VOCAB_SIZE, bias=False).to(torch.bfloat16)
    states, targets = torch.randn(1, 2000, 16).to(torch.bfloat16), torch.randint(VOCAB_SIZE, (1, 2000))
    exact = nn.functional.cross_entropy(states[0].float() @ head.weight.float().T, targets[0])
    assert head_loss(head, states, targets).item() == pytest.approx(exact.item(), rel=1e-3)


def test_the_check_leaves_random_numbers_as_they_were() -> None:
    network = _build(*SAME["t5_tied"]).train()  # dropout
    inputs, labels = _batch(network)
    fused_loss = FusedLoss()
    torch.manual_seed(3)
    first = fused_loss(network, inputs, labels)
    torch.manual_seed(3)
    assert torch.equal(fused_loss(network, inputs, labels), first)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lora", [None, Lora(r=2, dropout=0.0)], ids=["full", "lora"])
def test_a_run_learns_the_same(kind: str, lora: Lora | None, checkpoints: dict[str, Path], toy_root: Path) -> None:
    plain, fused = (
        fit(checkpoints[kind], toy_root, lora=lora, gradient_checkpointing=flag, fused_loss=flag).network
        for flag in (False, True)
    )
    for (name, weight), other in zip(plain.named_parameters(), fused.parameters(), strict=True):
        torch.testing.assert_close(other, weight, msg=name)


def test_a_tagger_is_refused(checkpoints: dict[str, Path]) -> None:
    with pytest.raises(UserError, match=r"got a tagger.*Set model.fused_loss to false"):
        GnerModule(TokenClassifier(str(checkpoints["causal"])), fused_loss=True)


def test_an_older_torch_is_refused(checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(nn.functional, "linear_cross_entropy")
    with pytest.raises(UserError, match=r"such as 2\.13.*Update torch, or set model.fused_loss to false"):
        GnerModule(str(checkpoints["causal"]), fused_loss=True)


def _check_parallel(rank: int, folders: dict[str, Path]) -> None:
    distributed.init_process_group("gloo")
    for name, folder in folders.items():
        backbone = Backbone(str(folder))
        whole = backbone.build().eval()
        inputs, labels = _batch(whole, seed=rank)
        plain = whole(**inputs, labels=labels, use_cache=False).loss
        plain.backward()
        expected = _gradients(whole)
        for gradient in expected.values():
            distributed.all_reduce(gradient)
            gradient.div_(2)
        _assert_close(_gradients_with_ddp(whole, inputs, labels), expected)
        for decode in ("gather", "sharded"):
            strategy = make_strategy(2, decode=decode)
            network = build_network(backbone, strategy, _checkpoint_activations)
            assert network.training and network.is_gradient_checkpointing
            fused_loss = FusedLoss()
            for _ in range(2):
                with torch.no_grad():
                    torch.testing.assert_close(fused_loss(network, inputs, labels), plain, rtol=1e-5, atol=0)
                loss = fused_loss(network, inputs, labels)
                torch.testing.assert_close(loss, plain, rtol=1e-5, atol=0, msg=name)
                loss.backward()
                found = {key: gradient.full_tensor() for key, gradient in _gradients(network).items()}  # type: ignore[attr-defined]
                _assert_close(found, expected)
    distributed.barrier()
    distributed.destroy_process_group()


def _checkpoint_activations(network: PreTrainedModel) -> None:
    """Have a network compute activations twice, which it does in training only, and without dropout."""
    network.gradient_checkpointing_enable({"use_reentrant": False})
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "dropout", None), float):
            module.dropout = 0.0  # type: ignore[assignment]


class _Losses(nn.Module):
    """A network with its loss, as Lightning gives it to DDP."""

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.network = network
        self._fused_loss = FusedLoss()

    def forward(self, inputs: dict[str, Tensor], labels: Tensor) -> Tensor:
        """The fused loss."""
        return self._fused_loss(self.network, inputs, labels)


def _gradients_with_ddp(network: PreTrainedModel, inputs: dict[str, Tensor], labels: Tensor) -> dict[str, Tensor]:
    replica = DistributedDataParallel(_Losses(network))
    replica(inputs, labels).backward()
    return _gradients(network)


@pytest.mark.slow
def test_gradients_are_the_same_on_two_processes(families: dict[str, Path]) -> None:
    """With tied and untied heads; whole and sharded."""
    run_processes(_check_parallel, 2, families)
