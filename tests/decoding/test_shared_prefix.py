"""What rows of an example begin with is read once, and everything comes out as from each row by itself."""

import random
from typing import Any

import pytest
import torch
from transformers import DynamicCache

from gner.decoding import BeamSearch, Greedy, NucleusSampling, shared_prefix
from gner.decoding.huggingface import HuggingFaceStrategy
from gner.decoding.log_probs import token_log_probs
from gner.decoding.prefix_store import SharedPrefix, num_common
from gner.interfaces import Batch
from gner.testing import TinyModel, make_examples, tiny_model
from tests.decoding.networks import ARCHITECTURES, with_architecture, with_network
from tests.decoding.rows import TokenCounter, alone, examples_with_questions, model_of_questions

pytestmark = pytest.mark.usefixtures("no_gradients")


def _model(name: str, attention: str = "sdpa") -> TinyModel:
    """A model of questions with a network of this architecture."""
    return with_architecture(model_of_questions(), name, attention)


def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read every row by itself from now on."""
    monkeypatch.setattr(shared_prefix, "LEAST_SAVED", 10**9)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_texts_and_log_probabilities_are_those_of_each_row_alone(name: str, attention: str) -> None:
    model = _model(name, attention)
    batch = model.batch(examples_with_questions())
    assert shared_prefix.shared_prefix(model.network, batch) is not None
    for strategy, rows in ((Greedy(6), range(0, batch.num_rows, 2)), (BeamSearch(2, max_new_tokens=3), (1, 5))):
        together = strategy.generate(model, batch)
        for row in rows:
            [expected] = strategy.generate(model, alone(batch, row))
            assert together[row].token_ids == expected.token_ids
            assert together[row].token_log_probs == pytest.approx(expected.token_log_probs, abs=1e-4)


@pytest.mark.parametrize("strategy", [Greedy(8), BeamSearch(2, max_new_tokens=5), NucleusSampling(max_new_tokens=8)])
@pytest.mark.parametrize("seed", range(3))
def test_texts_are_those_of_rows_read_apart(
    strategy: HuggingFaceStrategy, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of_questions(seed=seed)
    batch = model.batch(examples_with_questions()).repeated(2)
    written = strategy.write(model, batch)
    _apart(monkeypatch)
    assert strategy.write(model, batch) == written


def test_prompts_are_read_once_for_all_questions_and_beams(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of_questions()
    batch = model.batch(examples_with_questions()[:1] * 2)  # ten questions, and two texts
    counter, numbers = TokenCounter(model.network), []
    for strategy in (Greedy(1), BeamSearch(3, max_new_tokens=1)):
        strategy.write(model, batch)
        numbers.append(counter.taken())
    _apart(monkeypatch)
    for strategy in (Greedy(1), BeamSearch(3, max_new_tokens=1)):
        strategy.write(model, batch)
        numbers.append(counter.taken())
    assert numbers[2:] == [batch.prompt_ids.numel(), 3 * batch.prompt_ids.numel()]
    assert numbers[2] > 2 * numbers[0] and numbers[3] > 2.5 * numbers[1]


def test_samples_of_a_prompt_share_all_of_it_but_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("causal")
    batch, strategy = model.batch(make_examples()[:3]), NucleusSampling(num_samples=5, max_new_tokens=4)
    counter = TokenCounter(model.network)
    written, num_shared = strategy.write(model, batch), counter.taken()
    _apart(monkeypatch)
    assert strategy.write(model, batch) == written
    num_prompt = batch.prompt_ids.numel()
    assert counter.taken() - num_shared == 4 * num_prompt - 4 * 3  # of each 5 copies, 4 are not read but for a token


def _batch_of(prompts: list[list[int]]) -> Batch:
    """A batch of these rows, padded on the left."""
    batch = tiny_model("causal").batch(make_examples()[:1]).repeated(len(prompts))
    lengths = list(map(len, prompts))
    width = max(lengths)
    batch.prompt_ids = torch.tensor([[0] * (width - len(tokens)) + tokens for tokens in prompts])
    batch.prompt_mask = (torch.arange(width) >= width - torch.tensor(lengths).unsqueeze(1)).long()
    batch.prompt_lengths = lengths
    return batch


def _random_batch(rng: random.Random) -> tuple[Batch, list[str]]:
    """Rows in groups that begin alike, some of which are all of another, and whose groups are not in order."""
    rows: list[tuple[str, list[int]]] = []
    for group in "abc":
        common = rng.choices(range(5, 200), k=rng.randrange(10, 30))
        own = [rng.choices((5, 6), k=rng.randrange(9)) for _ in range(rng.randrange(1, 6))]
        rows += [(group, [*common, *tokens]) for tokens in own]
    rng.shuffle(rows)
    return _batch_of([tokens for _, tokens in rows]), [group for group, _ in rows]


@pytest.mark.parametrize("seed", range(20))
def test_keys_and_values_are_those_of_reading_rows_whole(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_prefix, "LEAST_SAVED", 1)
    network = tiny_model("causal").network
    batch, groups = _random_batch(random.Random(seed))
    shared = shared_prefix.shared_prefix(network, batch, groups, num_copies=2)
    assert shared is not None and shared.num_columns < batch.prompt_ids.shape[1]
    again = batch.repeated(2)
    position_ids = (again.prompt_mask.cumsum(-1) - 1).clamp(min=0)
    whole = network(again.prompt_ids, attention_mask=again.prompt_mask, position_ids=position_ids).past_key_values
    there = again.prompt_mask[:, : shared.num_columns].bool()
    filled = shared.fill(DynamicCache(), num_copies=2)
    for layer, expected in zip(filled.layers, whole.layers, strict=True):
        for found, read in ((layer.keys, expected.keys), (layer.values, expected.values)):
            right = read[:, :, : shared.num_columns].transpose(1, 2)[there]
            torch.testing.assert_close(found.transpose(1, 2)[there], right, atol=1e-5, rtol=1e-4)


def test_rows_are_split_where_any_two_of_a_group_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_prefix, "LEAST_SAVED", 1)
    network = tiny_model("causal").network
    common = [7, 8, 9, 10]
    cases = {
        ((5, 5), (6, 6), (5, 5)): 4,  # not only the first and the last
        ((5, 5), (5, 6), (5,)): 5,
        ((), (5,), ()): 4,
        ((), (), ()): 3,  # the last token is read for what comes next
    }
    for own, num_columns in cases.items():
        shared = shared_prefix.shared_prefix(network, _batch_of([[*common, *tokens] for tokens in own]), [0, 0, 0])
        assert shared is not None and shared.num_columns == num_columns


def test_a_cache_can_be_filled_for_some_rows() -> None:
    model = model_of_questions()
    batch = model.batch(examples_with_questions())
    shared = shared_prefix.shared_prefix(model.network, batch)
    assert shared is not None
    rows = torch.tensor([9, 2, 9])
    for some, every in zip(shared.fill(DynamicCache(), rows).layers, shared.fill(DynamicCache()).layers, strict=True):
        assert torch.equal(some.keys, every.keys[rows]) and torch.equal(some.values, every.values[rows])


def test_rows_of_several_examples_may_be_a_group() -> None:
    model = tiny_model("causal")
    batch = model.batch(make_examples() * 4)
    assert shared_prefix.shared_prefix(model.network, batch) is None
    answers = [[7, 8]] * batch.num_rows
    shared = shared_prefix.shared_prefix(model.network, batch, groups=[0] * batch.num_rows)
    assert isinstance(shared, SharedPrefix)
    tokens = torch.cat([batch.prompt_ids, torch.tensor(answers)], 1)
    mask = torch.nn.functional.pad(batch.prompt_mask, (0, 2), value=1)
    logits = model.network(
        tokens[:, shared.num_columns :],
        attention_mask=mask,
        position_ids=(mask.cumsum(-1) - 1).clamp(min=0)[:, shared.num_columns :],
        past_key_values=shared.fill(DynamicCache()),
    ).logits
    found = logits[:, -3:-1].log_softmax(-1)[..., [7, 8]].diagonal(dim1=1, dim2=2)
    for row, expected in enumerate(token_log_probs(model.network, batch, answers)):
        assert found[row].tolist() == pytest.approx(expected, abs=1e-4)


def test_one_row_an_example_makes_no_pass_more() -> None:
    model = tiny_model("causal")
    counter = TokenCounter(model.network)
    Greedy(5).generate(model, model.batch(make_examples() * 3))
    assert len(counter.passes) <= 5 + 1  # tokens, and log-probabilities


@pytest.mark.parametrize("name", ["t5", "bart", "bloom"])
def test_other_networks_read_rows_whole(name: str) -> None:
    model = model_of_questions("causal" if name == "bloom" else "seq2seq")
    model = model if name == "t5" else with_network(model, name)
    assert shared_prefix.shared_prefix(model.network, model.batch(examples_with_questions() * 3)) is None


def test_few_tokens_are_not_worth_a_pass() -> None:
    model = model_of_questions()
    batch = model.batch(examples_with_questions()[2:])
    assert shared_prefix.shared_prefix(model.network, batch) is None
    assert shared_prefix.shared_prefix(model.network, batch, num_copies=5) is not None


def test_the_longest_common_prefix_ends_where_rows_differ_or_end() -> None:
    assert [num_common(one, [7, 8]) for one in ([], [7], [7, 8], [7, 8, 9], [7, 9], [8])] == [0, 1, 2, 2, 1, 0]


@pytest.mark.parametrize("options", [{"use_cache": False}, {"cache_implementation": "static"}])
def test_a_strategy_that_asks_for_another_cache_gets_it(options: dict[str, Any]) -> None:
    class WithCache(Greedy):
        def options(self) -> dict[str, Any]:
            return {**super().options(), **options}

    model = model_of_questions()
    batch = model.batch(examples_with_questions())
    assert WithCache(4).write(model, batch) == Greedy(4).write(model, batch)
