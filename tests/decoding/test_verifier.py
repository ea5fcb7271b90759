"""Drafts are verified in one pass, and the KV cache is truncated to what was right."""

import random

import pytest

from gner.decoding import Greedy
from gner.decoding.verifier import Verifier
from gner.interfaces import Batch
from gner.testing import TinyModel, make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.rows import TokenCounter, alone, examples_with_questions, model_of_questions

pytestmark = pytest.mark.usefixtures("no_gradients")
LENGTH = 14


def _num_agreed(draft: list[int], chosen: list[int]) -> int:
    return next((at for at, token in enumerate(draft) if token != chosen[at]), len(draft))


def _write(
    model: TinyModel, batch: Batch, targets: list[list[int]], rng: random.Random
) -> tuple[list[list[int]], list[list[float]]]:
    """Write texts with drafts that are right up to a random place; rows end at different times."""
    verifier = Verifier(model.network, batch)
    written: list[list[int]] = [[] for _ in targets]
    log_probs: list[list[float]] = [[] for _ in targets]
    active = list(range(len(targets)))
    while active:
        drafts = []
        for row in active:
            rest = targets[row][len(written[row]) : -1]
            draft = rest[: rng.randrange(5)] + rng.choices(range(40), k=rng.randrange(3))
            drafts.append(draft[: len(rest)])
        chosen, scores = verifier.check(drafts)
        agreed = [_num_agreed(draft, row) for draft, row in zip(drafts, chosen, strict=True)]
        for place, row in enumerate(active):
            assert len(chosen[place]) == len(scores[place]) == len(drafts[place]) + 1
            written[row] += chosen[place][: agreed[place] + 1]
            log_probs[row] += scores[place][: agreed[place] + 1]
        unfinished = [place for place, row in enumerate(active) if len(written[row]) < len(targets[row])]
        if unfinished:
            verifier.keep(unfinished, agreed, [written[row][-1] for row in active])
        active = [active[place] for place in unfinished]
    return written, log_probs


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_drafted_the_networks_own_choices_are_written(kind: str, seed: int) -> None:
    model = tiny_model(kind, seed)
    batch = model.batch(make_examples())
    expected = Greedy(LENGTH).generate(model, batch)
    written, log_probs = _write(model, batch, [row.token_ids for row in expected], random.Random(seed))
    assert written == [row.token_ids for row in expected]
    for values, row in zip(log_probs, expected, strict=True):
        assert values == pytest.approx(row.token_log_probs, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_questions_whose_text_is_read_once_are_answered_as_each_by_itself(seed: int) -> None:
    model = model_of_questions(seed=seed)
    batch = model.batch(examples_with_questions())
    expected = [Greedy(LENGTH).generate(model, alone(batch, row))[0] for row in range(batch.num_rows)]
    counter = TokenCounter(model.network)
    written, log_probs = _write(model, batch, [row.token_ids for row in expected], random.Random(seed))
    assert counter.passes[0] < batch.prompt_ids.numel() / 2  # one text of each example
    assert written == [row.token_ids for row in expected]
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
