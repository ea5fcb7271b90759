"""Drafts are verified in one pass, and the KV cache is truncated to what was right."""

import random

import pytest

from gner.decoding import Greedy
from gner.decoding.verifier import Verifier
from gner.testing import make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.rows import (
    TokenCounter,
    alone,
    examples_with_questions,
    model_of_questions,
    write_with_drafts,
)

pytestmark = pytest.mark.usefixtures("no_gradients")
LENGTH = 14


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_drafted_the_networks_own_choices_are_written(kind: str, seed: int) -> None:
    model = tiny_model(kind, seed)
    batch = model.batch(make_examples())
    expected = Greedy(LENGTH).generate(model, batch)
    verifier, targets = Verifier(model.network, batch), [row.token_ids for row in expected]
    written, log_probs = write_with_drafts(verifier, targets, random.Random(seed))
    assert written == targets
    for values, row in zip(log_probs, expected, strict=True):
        assert values == pytest.approx(row.token_log_probs, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_questions_whose_text_is_read_once_are_answered_as_each_by_itself(seed: int) -> None:
    model = model_of_questions(seed=seed)
    batch = model.batch(examples_with_questions())
    expected = [Greedy(LENGTH).generate(model, alone(batch, row))[0] for row in range(batch.num_rows)]
    counter = TokenCounter(model.network)
    verifier, targets = Verifier(model.network, batch), [row.token_ids for row in expected]
    written, log_probs = write_with_drafts(verifier, targets, random.Random(seed))
    assert counter.passes[0] < batch.prompt_ids.numel() / 2  # one text of each example
    assert written == targets
    for values, row in zip(log_probs, expected, strict=True):
        assert values == pytest.approx(row.token_log_probs, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_goes_when_no_row_needs_it(kind: str) -> None:
    model, examples = tiny_model(kind), make_examples()

    def begun(at: int) -> Verifier:
        """One sentence, with a token of its answer."""
        verifier = Verifier(model.network, model.batch([examples[at]]))
        verifier.check([[]])
        verifier.keep([0], [0], [7])
        return verifier

    def num_cached(verifier: Verifier) -> int:
        """Numbers in the cache for each row."""
        caches = [verifier._cache]
        if kind == "seq2seq":
            caches = [verifier._cache.self_attention_cache, verifier._cache.cross_attention_cache]
        layers = [layer for cache in caches for layer in cache.layers]
        return sum(layer.keys[0].numel() for layer in layers)

    short, long = begun(1), begun(2)
    sizes = [num_cached(verifier) for verifier in (short, long)]
    long.join(short)
    assert num_cached(long) == sizes[1] > sizes[0]
    long.check([[], []])
    long.keep([1], [0, 0], [7, 7])
    long.join(begun(1))
    alone = begun(1)
    alone.check([[]])
    alone.keep([0], [0], [7])
    assert num_cached(long) == num_cached(alone)
