"""What is trained, and how many sentences at once, follows from memory."""

from pathlib import Path

import pytest

from gner.errors import UserError
from gner.models import GnerModule, Lora
from gner.models.memory_needs import needed_memory
from gner.recipes import fit_memory
from gner.recipes.fit_memory import WAYS, Way, find_fitting
from gner.recipes.measured import Measured

MEASURED = Measured(None, False, 100, 20, ("person",), ([[(300, 200)]] * 100, [[(300, 200)]] * 20))


@pytest.fixture
def make(checkpoints: dict[str, Path]) -> object:
    """Makes a module for a way to train."""

    def make_module(way: Way) -> GnerModule:
        lora = Lora(target_modules="all-linear") if way.has_adapters else None
        return GnerModule(str(checkpoints["causal"]), lora=lora, gradient_checkpointing=way.recomputes)

    return make_module


def test_less_memory_means_smaller_batches_and_then_other_ways(make, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(fit_memory, "needed_memory", lambda size: size)
    found = [find_fitting(make, MEASURED, memory) for memory in (10**10, 3 * 10**8, 10**8, 3 * 10**7)]
    places = [(WAYS.index(one.way), -one.batch_size) for one in found]
    assert places == sorted(places)
    assert places[0] == (0, -16)
    assert places[-1] > places[0]
    for one, memory in zip(found, (10**10, 3 * 10**8, 10**8, 3 * 10**7), strict=True):
        assert one.needed is not None and one.needed <= memory


def test_room_is_left_for_the_device_s_libraries(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(
        UserError, match="cannot even with adapters, 4 bits for each frozen weight and one sentence at a time"
    ):
        find_fitting(make, MEASURED, needed_memory(0))


def test_a_cpu_trains_small_networks_whole_and_others_with_adapters(make, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    assert find_fitting(make, MEASURED, None).way == Way(False, False)
    monkeypatch.setattr(fit_memory, "_SMALL", 10)
    assert find_fitting(make, MEASURED, None).way == Way(True, False)
