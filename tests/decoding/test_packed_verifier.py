"""Rows of different lengths are read as one sequence, and written as each by itself."""

import random

import pytest

from gner.decoding import Greedy, head, token_store
from gner.decoding.packed_verifier import PackedVerifier
from gner.decoding.prefix_store import PrefixStore
from gner.interfaces import Batch
from gner.records import Generation
from gner.testing import TinyModel, make_examples, tiny_model
from tests.decoding.networks import ARCHITECTURES, with_architecture
from tests.decoding.rows import (
    TokenCounter,
    alone,
    examples_with_questions,
    model_of_questions,
    write_with_drafts,
)

pytestmark = pytest.mark.usefixtures("no_gradients")
LENGTH = 14


def _alone(model: TinyModel, batch: Batch) -> list[Generation]:
    """What each row's text is when nothing is beside it."""
    return [Greedy(LENGTH).generate(model, alone(batch, row))[0] for row in range(batch.num_rows)]


def _check(model: TinyModel, batch: Batch, expected: list[Generation], seed: int = 0) -> PackedVerifier:
    """Write the rows with random drafts, and compare; returns what verified these."""
    verifier = PackedVerifier(model.network, batch)
    targets = [row.token_ids for row in expected]
    written, log_probs = write_with_drafts(verifier, targets, random.Random(seed))
    assert written == targets
    for values, row in zip(log_probs, expected, strict=True):
        assert values == pytest.approx(row.token_log_probs, abs=1e-4)
    return verifier


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_whatever_is_drafted_the_networks_own_choices_are_written(name: str, seed: int) -> None:
    model = with_architecture(tiny_model("causal", seed), name)
    batch = model.batch(make_examples())
    _check(model, batch, _alone(model, batch), seed)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_rows_begin_with_is_there_once(name: str) -> None:
    model = with_architecture(model_of_questions(), name)
    batch = model.batch(examples_with_questions())
    expected = _alone(model, batch)
    counter = TokenCounter(model.network)
    verifier = PackedVerifier(model.network, batch)
    verifier.check([[]] * batch.num_rows)
    assert sum(counter.passes) < 0.8 * sum(batch.prompt_lengths)  # one text of each example, and all questions
    assert verifier._store.num_slots < 0.9 * sum(map(len, verifier._slots))
    _check(model, batch, expected)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_batches_begin_with_is_known(name: str) -> None:
    model = with_architecture(tiny_model("causal"), name)
    batch = model.batch(make_examples())
    expected = _alone(model, batch)
    batch.prefixes = PrefixStore(model.network)
    _check(model, batch, expected)
    counter = TokenCounter(model.network)
    PackedVerifier(model.network, batch).check([[]] * batch.num_rows)
    assert sum(counter.passes) < sum(batch.prompt_lengths) - LENGTH
    _check(model, batch, expected)


def test_nothing_but_tokens_is_read() -> None:
    model = tiny_model("causal")
    batch = model.batch(make_examples())
    counter, verifier = TokenCounter(model.network), PackedVerifier(model.network, batch)
    drafts = [[5] * row for row in range(batch.num_rows)]
    verifier.check(drafts)
    verifier.keep([0, 3], [0] * batch.num_rows, [7] * batch.num_rows)
    verifier.check([[5, 6], [5]])
    assert counter.passes == [sum(batch.prompt_lengths) + sum(map(len, drafts)), 2 + 3]


def test_what_no_row_sees_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_store, "_LEAST_SLOTS", 1)
    model = tiny_model("causal")
    batch = model.batch(make_examples())
    verifier = PackedVerifier(model.network, batch)
    for _ in range(6):
        verifier.check([[5] * 20 for _ in range(len(verifier._slots))])
        verifier.keep([0, 1], [0] * batch.num_rows, [7] * batch.num_rows)
        assert verifier._store.num_slots <= 2 * sum(map(len, verifier._slots))
    _check(model, batch, _alone(model, batch))


def test_few_logits_are_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("causal")
    batch = model.batch(make_examples())
    expected = _alone(model, batch)
    monkeypatch.setattr(head, "MOST_LOGITS", 3 * head.vocab_size(model.network))
    _check(model, batch, expected)


def test_sharded_weights_are_gathered_once_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("causal")
    verifier, counter = PackedVerifier(model.network, model.batch(make_examples())), TokenCounter(model.network)
    monkeypatch.setattr(head, "is_sharded", lambda network: True)
    monkeypatch.setattr(head, "MOST_LOGITS", 3 * head.vocab_size(model.network))
    verifier.check([[5, 6] for _ in make_examples()])
    assert len(counter.passes) == 1
