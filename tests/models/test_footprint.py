"""Estimated memory against allocated memory."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed
from torch.profiler import ProfilerActivity, profile
from transformers import PreTrainedModel

from gner.models import Backbone, FromScratch, FSDP2Strategy, Lora
from gner.models.footprint import Footprint, Planner
from gner.models.memory_needs import PackedShape, Shape
from gner.models.sharding import build_network
from tests.models.sharded import make_strategy
from tests.processes import run_processes

SIZES: dict[str, dict[str, Any]] = {
    "llama": {"hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 3, "num_attention_heads": 4},
    "t5": {"d_model": 64, "d_kv": 16, "num_heads": 4, "d_ff": 160, "num_layers": 2},
}
SHAPE = Shape(rows=8, prompt=120, answer=80)
WAYS = ("full", "lora", "checkpointing")


def _backbone(model_type: str) -> Backbone:
    backbone = Backbone(FromScratch(model_type, vocab_size=500, config=SIZES[model_type]))
    backbone.set_tokenizer(backbone.train_tokenizer(["Ada Lovelace (B-person)"] * 3))
    return backbone


def _prepare(way: str, network: PreTrainedModel) -> None:
    if way == "checkpointing":
        network.gradient_checkpointing_enable({"use_reentrant": False})
    if way == "lora":
        targets = ["q", "v"] if network.config.is_encoder_decoder else ["q_proj", "v_proj"]
        Lora(r=4, target_modules=targets, dropout=0.0).add_to(network, needs_input_grads=False)


def _allocated_at_peak(network: PreTrainedModel, packed: PackedShape | None = None) -> int:
    """Peak bytes that torch's allocator adds during one forward and backward pass."""
    if packed is not None:
        return _most_allocated(network, packed.step_inputs(network))
    is_seq2seq = network.config.is_encoder_decoder
    length = SHAPE.prompt if is_seq2seq else SHAPE.prompt + SHAPE.answer
    ids = torch.zeros((SHAPE.rows, length), dtype=torch.long)
    labels = torch.zeros((SHAPE.rows, SHAPE.answer), dtype=torch.long) if is_seq2seq else ids
    mask = torch.ones_like(ids)
    mask[0, -1] = 0  # without padding there would be no mask to keep
    return _most_allocated(network, {"input_ids": ids, "attention_mask": mask, "labels": labels})


def _most_allocated(network: PreTrainedModel, inputs: dict[str, Any]) -> int:
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        network(**inputs, use_cache=False).loss.backward()
    network.zero_grad()
    alive = most = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            alive += event.nbytes()
            most = max(most, alive)
    return most


def _at_work(footprint: Footprint) -> int:
    return footprint.gradients + footprint.gathered + footprint.activations + footprint.passing


def _estimate(backbone: Backbone, way: str, strategy: FSDP2Strategy | None, devices: int) -> Footprint:
    planner = Planner(backbone, lambda network: _prepare(way, network), strategy, devices=devices)
    return planner.footprint(SHAPE, SHAPE, num_sequences=2, accumulates=False)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model_type", SIZES)
def test_an_unsharded_network_needs_the_estimated_memory(model_type: str, way: str) -> None:
    backbone = _backbone(model_type)
    network = backbone.build().train()
    _prepare(way, network)
    footprint = _estimate(backbone, way, None, 1)
    assert footprint.weights == 4 * sum(parameter.numel() for parameter in network.parameters())
    trained = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    assert footprint.optimizer == 8 * trained
    _allocated_at_peak(network)  # one-time allocations are not counted
    assert 0.95 <= _at_work(footprint) / _allocated_at_peak(network) <= 1.15


def _check_sharded(rank: int) -> None:
    cases = [(_backbone(model_type), way) for model_type in SIZES for way in WAYS]
    estimates = [_estimate(backbone, way, FSDP2Strategy(compute_dtype="fp32"), 2) for backbone, way in cases]
    distributed.init_process_group("gloo")
    for (backbone, way), footprint in zip(cases, estimates, strict=True):
        torch.manual_seed(0)
        network = build_network(backbone, make_strategy(2), lambda network, way=way: _prepare(way, network))
        here = sum(parameter.to_local().numel() for parameter in network.parameters())
        assert footprint.weights == pytest.approx(4 * here, rel=0.01)
        _allocated_at_peak(network)
        distributed.barrier()
        assert 0.95 <= _at_work(footprint) / _allocated_at_peak(network) <= 1.15, way
    distributed.barrier()
    distributed.destroy_process_group()


@pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")
@pytest.mark.slow
def test_a_sharded_network_needs_the_estimated_memory() -> None:
    run_processes(_check_sharded, 2, fresh=True)  # else memory of earlier tests is counted


@pytest.mark.parametrize("model_type", SIZES)
def test_the_kv_cache_is_that_of_generation(model_type: str) -> None:
    footprint = _estimate(_backbone(model_type), "full", None, 1)
    width, texts = 4 * 16, 2 * SHAPE.rows
    layers_and_positions = {"llama": 3 * 200, "t5": 2 * (80 + 120)}[model_type]  # T5's decoder keeps the encoder's too
    assert footprint.cache == 4 * 2 * width * layers_and_positions * texts


@pytest.mark.parametrize("way", WAYS)
def test_packed_rows_need_the_estimated_memory(way: str) -> None:
    backbone, packed = _backbone("llama"), PackedShape(bins=3, length=230)
    network = backbone.build().train()
    _prepare(way, network)
    planner = Planner(backbone, lambda network: _prepare(way, network), None)
    footprint = planner.footprint(packed, SHAPE, num_sequences=2, accumulates=False)
    _allocated_at_peak(network, packed)  # one-time allocations are not counted
    assert 0.95 <= _at_work(footprint) / _allocated_at_peak(network, packed) <= 1.15
    assert footprint.training < _estimate(backbone, way, None, 1).training


def test_nothing_is_gathered_without_sharding() -> None:
    footprint = _estimate(_backbone("llama"), "full", None, 2)
    assert footprint.gathered == footprint.validation_gathered == 0
    assert footprint.training > footprint.weights + footprint.optimizer


def test_a_process_keeps_its_share_of_the_weights(tmp_path: Path) -> None:
    weights = [_estimate(_backbone("llama"), "full", FSDP2Strategy(), devices).weights for devices in (1, 2, 4)]
    assert weights[0] == pytest.approx(2 * weights[1], rel=0.02) == pytest.approx(4 * weights[2], rel=0.02)


@pytest.mark.parametrize("model_type", SIZES)
def test_a_fused_loss_needs_no_logits_of_a_whole_batch(model_type: str, tmp_path: Path) -> None:
    small = _backbone(model_type)
    small.tokenizer.save_pretrained(tmp_path)
    config = small.build_empty().config
    config.vocab_size = 200_000
    config.save_pretrained(tmp_path)
    footprints = [
        Planner(Backbone(str(tmp_path)), lambda network: None, None, fuses_loss=fuses).footprint(
            SHAPE, SHAPE, num_sequences=1, accumulates=False
        )
        for fuses in (False, True)
    ]
    num_places = SHAPE.rows * (SHAPE.answer if model_type == "t5" else SHAPE.prompt + SHAPE.answer)
    assert footprints[0].training - footprints[1].training > 4 * num_places * 200_000 / 2
    assert footprints[1].weights == footprints[0].weights
