import hashlib
import random
from collections import Counter
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.data.sampler import EvalSampler, Slot, TrainSampler, num_draws

SIZES = st.integers(1, 40)
RANKS = st.integers(1, 4)


def _batches(lengths: list[int], batch_size: int, num_ranks: int, **options: int | None) -> list[list[list[Slot]]]:
    samplers = [
        EvalSampler(lengths, batch_size, rank=rank, num_ranks=num_ranks, **options)  # type: ignore[arg-type]
        for rank in range(num_ranks)
    ]
    batches = [list(sampler) for sampler in samplers]
    assert [len(part) for part in batches] == [len(sampler) for sampler in samplers] == [len(samplers[0])] * num_ranks
    return batches


@given(st.integers(0, 40), st.integers(1, 5), RANKS, st.none() | st.integers(1, 50))
def test_every_example_is_evaluated_and_counted_once_on_any_number_of_ranks(
    num_examples: int, batch_size: int, num_ranks: int, max_decoded: int | None
) -> None:
    lengths = [random.Random(position).randint(1, 9) for position in range(num_examples)]
    ranks = _batches(lengths, batch_size, num_ranks, max_decoded=max_decoded)
    slots = [slot for rank in ranks for batch in rank for slot in batch]
    assert sorted(slot.position for slot in slots if slot.counted) == list(range(num_examples))
    decoded = {slot.position for slot in slots if slot.counted and slot.decode}
    assert len(decoded) == min(num_examples, num_examples if max_decoded is None else max_decoded)
    for step in zip(*ranks, strict=True):  # all ranks decode, or none does
        assert len({slot.decode for batch in step for slot in batch}) == 1
        assert all(batch and len(batch) <= batch_size for batch in step)


@given(st.integers(0, 40), st.integers(1, 5), RANKS)
def test_batches_of_evaluation_are_the_same_on_any_number_of_ranks(
    num_examples: int, batch_size: int, num_ranks: int
) -> None:
    lengths = [random.Random(position).randint(1, 9) for position in range(num_examples)]
    [alone] = _batches(lengths, batch_size, 1)
    ranks = _batches(lengths, batch_size, num_ranks)
    counted = [batch for step in zip(*ranks, strict=True) for batch in step if batch[0].counted]
    assert counted == alone


def test_evaluation_starts_with_the_longest_example() -> None:
    lengths = [3, 9, 5]
    assert [slot.position for batch in EvalSampler(lengths, 1) for slot in batch] == [1, 2, 0]


def test_the_decoded_subset_depends_on_the_seed_only() -> None:
    def subset(seed: int, num_ranks: int) -> set[int]:
        parts = _batches(list(range(50)), 4, num_ranks, max_decoded=10, seed=seed)
        return {slot.position for part in parts for batch in part for slot in batch if slot.decode and slot.counted}

    assert subset(0, 1) == subset(0, 3) != subset(1, 1)


@given(SIZES, st.integers(1, 5), RANKS, st.integers(0, 3))
def test_an_epoch_trains_on_every_example(num_examples: int, batch_size: int, num_ranks: int, epoch: int) -> None:
    lengths = list(range(num_examples))
    samplers = [TrainSampler(lengths, batch_size, seed=0, rank=rank, num_ranks=num_ranks) for rank in range(num_ranks)]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    ranks = [list(sampler) for sampler in samplers]
    assert [len(rank) for rank in ranks] == [len(sampler) for sampler in samplers]
    assert len({len(rank) for rank in ranks}) == 1
    seen = Counter(slot.position for rank in ranks for batch in rank for slot in batch)
    assert set(seen) == set(range(num_examples))
    assert {slot.epoch for rank in ranks for batch in rank for slot in batch} == {epoch}
    assert seen.total() - num_examples <= batch_size * num_ranks * num_ranks


def test_order_differs_between_epochs_and_not_between_runs() -> None:
    def order(epoch: int) -> list[int]:
        sampler = TrainSampler([1] * 100, 4, seed=7)
        sampler.set_epoch(epoch)
        return [slot.position for batch in sampler for slot in batch]

    assert order(0) == order(0) != order(1)


def test_batches_hold_examples_of_similar_length() -> None:
    rng = random.Random(0)
    lengths = [round(rng.lognormvariate(3, 0.6)) + 1 for _ in range(4000)]

    def padding(batches: list[list[int]]) -> float:
        padded = sum(max(lengths[p] for p in batch) * len(batch) for batch in batches)
        return 1 - sum(lengths) / padded

    grouped = [[slot.position for slot in batch] for batch in TrainSampler(lengths, 16, seed=0)]
    shuffled = rng.sample(range(4000), 4000)
    plain = [shuffled[start : start + 16] for start in range(0, 4000, 16)]
    assert padding(grouped) < 0.1 < padding(plain)


@given(SIZES, SIZES, st.sampled_from([0.1, 0.5, 1.0, 1.5, 2.0, 3.25]), RANKS)
def test_weights_say_how_often_examples_are_seen_on_any_number_of_ranks(
    num_plain: int, num_weighted: int, weight: float, num_ranks: int
) -> None:
    weights = [1.0] * num_plain + [weight] * num_weighted
    epochs = [_epoch(weights, epoch, num_ranks) for epoch in range(3)]
    for seen in epochs:
        assert {position for position, _ in seen} >= set(range(num_plain))
        assert all(repeat <= weight for _, repeat in seen)
        assert len(set(seen)) == num_draws(weights)
    assert epochs[0] == _epoch(weights, 0, num_ranks)


def _epoch(weights: list[float], epoch: int, num_ranks: int) -> set[tuple[int, int]]:
    """What all ranks see, each with its repeat."""
    samplers = [
        TrainSampler(range(len(weights)), 3, seed=0, rank=rank, num_ranks=num_ranks, weights=weights)
        for rank in range(num_ranks)
    ]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    ranks = [list(sampler) for sampler in samplers]
    assert [len(rank) for rank in ranks] == [len(sampler) for sampler in samplers]
    return {(slot.position, slot.repeat) for rank in ranks for batch in rank for slot in batch}


def test_half_of_a_source_is_seen_in_one_epoch_and_the_other_half_in_the_next() -> None:
    first, second, third = (_epoch([0.5] * 10, epoch, 1) for epoch in range(3))
    assert len(first) == len(second) == 5
    assert not first & second
    assert first == third


def test_equal_weights_give_the_batches_of_no_weights() -> None:
    lengths = [random.Random(position).randint(1, 9) for position in range(100)]

    def batches(weights: list[float] | None) -> list[list[Slot]]:
        return list(TrainSampler(lengths, 4, seed=3, weights=weights))

    assert batches(None) == batches([1.0] * 100)
    checksum = hashlib.sha256(str([[slot.position for slot in batch] for batch in batches(None)]).encode())
    assert checksum.hexdigest()[:16] == "29d4e19262d055df"


def test_a_weighted_epoch_goes_on_in_its_middle() -> None:
    def sampler() -> TrainSampler:
        return TrainSampler(range(20), 3, seed=0, weights=[2.5] * 10 + [0.3] * 10)

    whole, rest = sampler(), sampler()
    whole.start(2, 0)
    rest.start(2, 4)
    assert list(rest) == list(whole)[4:]


def test_each_source_has_its_part_of_a_share() -> None:
    sources = ["large"] * 30 + ["small"] * 10
    for epoch in range(3):
        sampler = TrainSampler(range(40), 4, seed=0, weights=[0.5] * 40, sources=sources)
        sampler.start(epoch, 0)
        seen = [sources[slot.position] for batch in sampler for slot in batch]
        assert (seen.count("large"), seen.count("small")) == (15, 5)


@pytest.mark.parametrize("num_ranks", [1, 2, 3])
def test_batches_hold_no_more_rows_than_asked_for(num_ranks: int) -> None:
    num_rows = [1, 3, 3, 2, 7, 2, 3, 1, 3, 2, 3]
    lengths = [5 * number for number in range(len(num_rows))]
    ranks = range(num_ranks)
    options: dict[str, Any] = {"num_ranks": num_ranks, "num_rows": num_rows}
    training = [TrainSampler(lengths, 6, seed=0, rank=rank, **options) for rank in ranks]
    evaluation = [EvalSampler(lengths, 6, rank=rank, **options) for rank in ranks]
    for samplers in (training, evaluation):
        assert len({len(list(sampler)) for sampler in samplers} | {len(sampler) for sampler in samplers}) == 1
        batches = list(chain.from_iterable(samplers))
        assert all(len(batch) == 1 or sum(num_rows[slot.position] for slot in batch) <= 6 for batch in batches)
        counted = Counter(slot.position for batch in batches for slot in batch if slot.counted)
        assert set(counted) == set(range(len(num_rows)))
    assert set(counted.values()) == {1}
