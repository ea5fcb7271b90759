"""The optimizer of a run."""

import pytest
import torch

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
