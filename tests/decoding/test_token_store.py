"""A store is a list of tokens' keys and values."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from gner.decoding.token_store import TokenStore

SIZES = st.lists(st.integers(0, 9), min_size=1, max_size=6)


def _filled(sizes: list[int], start: float = 0.0) -> tuple[TokenStore, list[float]]:
    """A store of two layers, and the numbers in its first one; in the other they are negative."""
    store, numbers = TokenStore(), []
    for size in sizes:
        new = start + len(numbers) + torch.arange(float(size)).view(-1, 1, 1)
        for layer, sign in ((0, 1), (1, -1)):
            keys, values = store.put(layer, sign * new, 10 * sign * new)
            assert len(keys) == len(values) == store.num_slots + size
            assert torch.equal(values, 10 * keys)
        store.grow(size)
        numbers += new.flatten().tolist()
    return store, numbers


def _check(store: TokenStore, numbers: list[float]) -> None:
    assert store.num_slots == len(numbers)
    assert store.keys(0).flatten().tolist() == numbers
    assert store.keys(1).flatten().tolist() == [-number for number in numbers]


@given(SIZES, SIZES, st.data())
def test_tokens_stay_where_they_are_put(sizes: list[int], others: list[int], data: st.DataObject) -> None:
    store, numbers = _filled(sizes)
    _check(store, numbers)
    slots = data.draw(st.lists(st.integers(0, len(numbers) - 1))) if numbers else []
    _check(store.of(slots), [numbers[slot] for slot in slots])
    other, more = _filled(others, start=1000.0)
    store.append(other)
    _check(store, numbers + more)
    _check(other, more)


def test_what_was_put_in_vain_is_overwritten() -> None:
    store, numbers = _filled([3])
    store.put(0, torch.ones(2, 1, 1), torch.ones(2, 1, 1))  # a pass that failed
    _check(store, numbers)
