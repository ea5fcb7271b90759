"""Speculative decoding writes what greedy search writes."""

import pytest
import torch

from gner.decoding import Greedy, Speculative
from gner.prompting import Format, GollieFormat, InstructUieFormat, UniNerFormat
from gner.records import Example
from gner.testing import TinyModel, make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import NETWORKS, with_network

LIST_FORMATS = [UniNerFormat(), InstructUieFormat(), GollieFormat(baseline=True)]
pytestmark = pytest.mark.usefixtures("no_gradients")


@pytest.mark.parametrize("limit", [None, 1, 2, 15])
def test_speculative_search_writes_what_greedy_search_writes(
    limit: int | None, model: TinyModel, examples: list[Example]
) -> None:
    for batch in (model.batch(examples), model.batch(examples[::-2])):
        greedy, speculative = (strategy(limit).generate(model, batch) for strategy in (Greedy, Speculative))
        for one, other in zip(greedy, speculative, strict=True):
            assert (other.token_ids, other.text, other.finished) == (one.token_ids, one.text, one.finished)
            assert other.token_log_probs == pytest.approx(one.token_log_probs, abs=1e-4)


def test_rows_of_a_speculative_batch_end_when_they_should(model: TinyModel, examples: list[Example]) -> None:
    head = model.network.get_output_embeddings().weight
    batch, lengths = model.batch(examples), set()
    for seed in range(4):
        noise = torch.randn(head.shape[1], generator=torch.Generator().manual_seed(seed))
        head[model.tokenizer.eos_token_id] = noise * head.std() * 3  # ends are as likely as anything
        greedy, speculative = (strategy().generate(model, batch) for strategy in (Greedy, Speculative))
        assert [generation.token_ids for generation in speculative] == [generation.token_ids for generation in greedy]
        lengths |= {len(generation.token_ids) for generation in greedy}
    assert len(lengths) > 1


@pytest.mark.parametrize("format", LIST_FORMATS, ids=lambda format: format.scorer)
@pytest.mark.parametrize("kind", KINDS)
def test_lists_are_written_as_greedy_search_writes_them(kind: str, format: Format) -> None:
    model, examples, speculative = tiny_model(kind, format=format), make_examples(), Speculative(24)
    for batch in (model.batch(examples), model.batch(examples[::-2]), model.batch(examples)):  # known when they return
        greedy = Greedy(24).generate(model, batch)
        for one, other in zip(greedy, speculative.generate(model, batch), strict=True):
            assert (other.token_ids, other.text, other.finished) == (one.token_ids, one.text, one.finished)
            assert other.token_log_probs == pytest.approx(one.token_log_probs, abs=1e-4)
    assert 0 < speculative.num_passes < 3 * 24  # it writes the same again in fewer passes


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_that_count_positions_otherwise_are_searched_greedily_too(name: str) -> None:
    model = with_network(tiny_model(NETWORKS[name]), name)
    speculative, batch = Speculative(), model.batch(make_examples())
    expected = [generation.token_ids for generation in Greedy().generate(model, batch)]
    assert [generation.token_ids for generation in speculative.generate(model, batch)] == expected
    assert (speculative.num_passes > 0) == (name == "gpt2")  # it takes position ids


def test_an_end_token_in_a_sentence_ends_the_answer_as_it_does_for_greedy_search(model: TinyModel) -> None:
    model.tokenizer.split_special_tokens = False  # as tokenizers of pretrained models
    words = ("Ada", "wrote", model.tokenizer.eos_token, "the", "New", "York")
    example = Example(words, ("O",) * len(words), ("person", "place"), "toy", "0")
    head = model.network.get_output_embeddings().weight
    for seed in range(6):  # ends, and what stands around them, are likely now and then
        noise = torch.randn(head.shape[1], generator=torch.Generator().manual_seed(seed))
        head[model.tokenizer.eos_token_id] = noise * head.std() * 3
        greedy, speculative = (strategy().generate(model, model.batch([example])) for strategy in (Greedy, Speculative))
        assert speculative[0].token_ids == greedy[0].token_ids
    model.tokenizer.split_special_tokens = True
