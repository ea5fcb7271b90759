"""What prompts begin with is read once for many batches, and everything comes out as without that."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from gner.decoding import BeamSearch, Constrained, DecodingStrategy, Greedy, NucleusSampling, Speculative, prefix_store
from gner.decoding.predictor import GenerativePredictor
from gner.decoding.prefix_store import PrefixStore
from gner.decoding.shared_prefix import shared_prefix
from gner.interfaces import Batch
from gner.prompting import GnerFormat
from gner.records import Example, Generation
from gner.testing import TinyModel, make_examples, tiny_model
from tests.decoding.networks import ARCHITECTURES, with_architecture
from tests.decoding.rows import TokenCounter, examples_with_questions, model_of_questions

pytestmark = pytest.mark.usefixtures("no_gradients")
FORMAT = GnerFormat()


def _of_many_types() -> list[Example]:
    """Sentences with three lists of types, which differ in length."""
    lists = (("person", "place"), ("person", "place", "work of art", "date of birth"), ("place", "person"))
    return [
        replace(example, types=lists[at % 3], tags=("O",) * len(example.words))
        for at, example in enumerate(make_examples() * 5)
    ]


def _batches(model: TinyModel, examples: Sequence[Example], seed: int = 0) -> list[Batch]:
    rng, start, batches = random.Random(seed), 0, []
    while start < len(examples):
        size = rng.randrange(1, 8)
        batches.append(model.batch(examples[start : start + size]))
        start += size
    return batches


def _write(model: TinyModel, strategy: DecodingStrategy, batches: Sequence[Batch], *, shares: bool) -> list[Generation]:
    """What a session writes, in order; each batch may know what earlier ones began with."""
    store, session, done = PrefixStore(model.network), strategy.session(model), []
    for batch in batches:
        batch.prefixes = store if shares else None
        done += session.add(batch)
    done += session.finish()
    found = {(one.batch, one.place): one.result for one in done}
    return [generation for batch in batches for place in range(len(batch)) for generation in found[batch, place]]


def _check_same(found: Sequence[Generation], expected: Sequence[Generation]) -> None:
    assert [one.token_ids for one in found] == [one.token_ids for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.token_log_probs == pytest.approx(other.token_log_probs, abs=1e-5)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_texts_and_log_probabilities_are_those_of_prompts_read_whole(name: str, attention: str) -> None:
    model = with_architecture(tiny_model("causal", format=FORMAT), name, attention)
    batches = _batches(model, _of_many_types())
    for strategy in (Speculative(12), Greedy(6), BeamSearch(2, max_new_tokens=4)):
        counter = TokenCounter(model.network)
        expected, num_read = _write(model, strategy, batches, shares=False), counter.taken()
        _check_same(_write(model, strategy, batches, shares=True), expected)
        assert counter.taken() < 0.8 * num_read


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_pooled_rows_with_shared_beginnings_are_written_as_by_greedy_search(name: str) -> None:
    model = with_architecture(tiny_model("causal", format=FORMAT), name)
    batches = _batches(model, _of_many_types(), seed=1)
    found = _write(model, Speculative(12), batches, shares=True)
    for batch in batches:
        batch.prefixes = None
    expected = [generation for batch in batches for generation in Greedy(12).generate(model, batch)]
    _check_same(found, expected)


@pytest.mark.parametrize("strategy", [Constrained(), Constrained(2), NucleusSampling(num_samples=3, max_new_tokens=4)])
def test_all_strategies_share(strategy: DecodingStrategy) -> None:
    model = tiny_model("causal", format=FORMAT)
    batches = _batches(model, _of_many_types()[:9])
    counter = TokenCounter(model.network)
    expected, num_read = _write(model, strategy, batches, shares=False), counter.taken()
    _check_same(_write(model, strategy, batches, shares=True), expected)
    assert counter.taken() < num_read


def test_questions_about_a_text_share_that_and_what_all_texts_begin_with() -> None:
    model = model_of_questions()
    batches = [model.batch(examples_with_questions()) for _ in range(3)]
    for strategy in (Speculative(10), Greedy(5)):
        _check_same(_write(model, strategy, batches, shares=True), _write(model, strategy, batches, shares=False))


def test_a_beginning_is_read_once() -> None:
    model = tiny_model("causal", format=FORMAT)
    examples = make_examples() * 4
    one, two, *others = [model.batch(examples[start : start + 4]) for start in range(0, 20, 4)]
    counter, store = TokenCounter(model.network), PrefixStore(model.network)
    assert store.find(one) is not None
    assert len(counter.passes) == 1  # four rows are worth it
    sizes = set()
    for batch in (two, *others):
        kept = store.find(batch)
        assert kept is not None
        longest = max(batch.prompt_lengths)
        sizes.add(kept.num_columns - (batch.prompt_ids.shape[1] - longest))
    assert len(counter.passes) == 1 and len(sizes) == 1
    [size] = sizes
    prompt = model.tokenizer.decode(two.prompt_ids[0, -two.prompt_lengths[0] :][:size])
    assert prompt.endswith("Sentence:")


def test_a_single_prompt_is_kept_when_another_begins_alike() -> None:
    model, examples = tiny_model("causal", format=FORMAT), make_examples()
    counter, store = TokenCounter(model.network), PrefixStore(model.network)
    found = [store.find(model.batch([example])) is not None for example in examples]
    assert found == [False, True, True, True, True]
    assert len(counter.passes) == 1


def test_short_beginnings_are_not_worth_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("causal")  # no instruction
    monkeypatch.setattr(prefix_store, "_LEAST_COMMON", 40)
    counter, store = TokenCounter(model.network), PrefixStore(model.network)
    assert all(store.find(model.batch([example])) is None for example in make_examples())
    assert not counter.passes


def test_what_was_used_last_is_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("causal", format=FORMAT)

    def batch_of(number: int) -> Batch:
        """Sentences with a long list of types of their own."""
        types = tuple(f"{number} is not {at}" for at in range(20))
        return model.batch([replace(one, types=types, tags=("O",) * len(one.words)) for one in make_examples()])

    store, counter = PrefixStore(model.network), TokenCounter(model.network)
    monkeypatch.setattr(prefix_store, "_MOST_KEPT", 3)
    for number in (0, 1, 2, 0, 3, 0):  # 1 was not used for longest when 3 comes
        assert store.find(batch_of(number)) is not None
    assert len(store._kept) == 3 and len(counter.passes) == 4
    store.find(batch_of(1))
    assert len(counter.passes) == 5
    num_bytes = max(prefix.num_bytes for prefix in store._kept)
    monkeypatch.setattr(prefix_store, "_MOST_BYTES", 2 * num_bytes)
    store.find(batch_of(4))
    assert len(store._kept) == 2
    monkeypatch.setattr(prefix_store, "_MOST_BYTES", 1)
    assert store.find(batch_of(5)) is not None
    assert len(store._kept) == 1


def test_the_last_token_of_a_prompt_is_always_read() -> None:
    model = tiny_model("causal", format=FORMAT)
    batch = model.batch(make_examples()[2:3] * 5)  # all of it is the same
    kept = PrefixStore(model.network).find(batch)
    assert kept is not None and kept.num_columns == batch.prompt_ids.shape[1] - 1


def test_each_session_reads_beginnings_itself() -> None:
    model = tiny_model("causal", format=FORMAT)
    counter, predictor = TokenCounter(model.network), GenerativePredictor(model, Greedy(3))
    batch, numbers, scores = model.batch(make_examples()[:4]), [], []
    for _ in range(2):
        scores.append([one.generations[0].token_log_probs for one in predictor.predict(batch)])
        numbers.append(counter.taken())
    assert numbers[0] == numbers[1]
    assert scores[0] == scores[1]  # to the last bit


def test_an_encoder_reads_every_prompt_whole() -> None:
    model = tiny_model("seq2seq", format=FORMAT)
    batch, store = model.batch(make_examples() * 3), PrefixStore(model.network)
    batch.prefixes = store
    assert shared_prefix(model.network, batch) is None
    assert not store._kept


def test_weights_may_change_between_sessions() -> None:
    model, other = (tiny_model("causal", seed, FORMAT) for seed in (0, 1))
    batch, predictor = model.batch(make_examples()[:4]), GenerativePredictor(model, Greedy(8))
    before = [one.generations[0].text for one in predictor.predict(batch)]
    for parameter, value in zip(model.network.parameters(), other.network.parameters(), strict=True):
        parameter.copy_(value)
    after = [one.generations[0].text for one in predictor.predict(batch)]
    assert after == [one.text for one in Greedy(8).generate(other, other.batch(make_examples()[:4]))] != before


def test_beginnings_on_another_device_are_not_used() -> None:
    model = tiny_model("causal", format=FORMAT)
    batch, store = model.batch(make_examples()[:4]), PrefixStore(model.network)
    assert store.find(batch) is not None
    for prefix in store._kept:
        prefix.layers = [(keys.to("meta"), values.to("meta")) for keys, values in prefix.layers]
    kept = store.find(batch)
    assert kept is not None
    assert all(keys.device == torch.device("cpu") for keys, _ in kept._layers)
