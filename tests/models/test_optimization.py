"""The optimizer of a run."""

import sys
from types import ModuleType

import pytest
import torch
from torch import distributed
from torch._subclasses import FakeTensorMode
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import distribute_tensor
from torch.testing._internal.distributed.fake_pg import FakeStore

from gner.errors import UserError
from gner.models import Optimization
from gner.models.optimization import make_optimizer

WEIGHTS = [torch.nn.Parameter(torch.ones(2, 2)), torch.nn.Parameter(torch.ones(2))]


def _rates(settings: Optimization, num_steps: float, num_seen: int) -> list[float]:
    made = make_optimizer(settings, WEIGHTS, num_steps, fused=False)
    scheduler = made["lr_scheduler"]["scheduler"]  # type: ignore[typeddict-item, index]
    rates = []
    for _ in range(num_seen):
        rates.append(scheduler.get_last_lr()[0])
        made["optimizer"].step()
        scheduler.step()
    return rates


def test_rates_rise_and_fall_in_a_line() -> None:
    assert _rates(Optimization(1.0, "linear", warmup_ratio=0.4), 10, 6) == [0.0, 0.25, 0.5, 0.75, 1.0, 5 / 6]


def test_a_constant_rate_needs_no_number_of_steps() -> None:
    assert _rates(Optimization(0.5), float("inf"), 3) == [0.5] * 3
    with pytest.raises(UserError, match="known number of steps for schedule=cosine"):
        _rates(Optimization(0.5, "cosine"), float("inf"), 1)


def test_only_matrices_decay() -> None:
    optimizer = make_optimizer(Optimization(weight_decay=0.1), WEIGHTS, 1, fused=False)["optimizer"]
    groups = {group["params"][0].ndim: group["weight_decay"] for group in optimizer.param_groups}
    assert groups == {2: 0.1, 1: 0.0}


def test_8_bit_states_need_cuda() -> None:
    with pytest.raises(UserError, match=r"CUDA devices .* got some on cpu.*model.optimization.optimizer to adamw"):
        make_optimizer(Optimization(optimizer="adamw_8bit"), WEIGHTS, 1, fused=False)


def _on_cuda() -> list[torch.nn.Parameter]:
    """Parameters that say that they are on a GPU."""
    with FakeTensorMode():
        return [torch.nn.Parameter(torch.ones(2, 2, device="cuda")), torch.nn.Parameter(torch.ones(2, device="cuda"))]


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bitsandbytes", "bitsandbytes.optim"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match="pip install bitsandbytes"):
        make_optimizer(Optimization(optimizer="adamw_8bit"), _on_cuda(), 1, fused=False)


def test_8_bit_states_get_the_same_options(monkeypatch: pytest.MonkeyPatch) -> None:
    library = ModuleType("bitsandbytes.optim")
    library.AdamW8bit = type("AdamW8bit", (torch.optim.AdamW,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bitsandbytes", ModuleType("bitsandbytes"))
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", library)
    settings = Optimization(0.5, weight_decay=0.1, betas=(0.8, 0.9), optimizer="adamw_8bit")
    optimizer = make_optimizer(settings, _on_cuda(), 1, fused=True)["optimizer"]
    assert type(optimizer).__name__ == "AdamW8bit"
    found = [(group["lr"], group["betas"], group["weight_decay"]) for group in optimizer.param_groups]
    assert found == [(0.5, (0.8, 0.9), 0.1), (0.5, (0.8, 0.9), 0.0)]


def test_8_bit_states_are_of_whole_weights() -> None:
    distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    try:
        weight = torch.nn.Parameter(distribute_tensor(torch.ones(2, 2), init_device_mesh("cpu", (2,))))
        with pytest.raises(UserError, match=r"whole weights.*got FSDP2Strategy.*optimizer to adamw"):
            make_optimizer(Optimization(optimizer="adamw_8bit"), [weight], 1, fused=False)
    finally:
        distributed.destroy_process_group()
