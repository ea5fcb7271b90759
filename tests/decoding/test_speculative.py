"""Speculative decoding writes what greedy search writes."""

import random

import pytest
import torch

from gner.decoding import Greedy, Speculative
from gner.decoding.row_group import RowGroup
from gner.interfaces import Batch
from gner.prompting import Format, GnerFormat, GollieFormat, InstructUieFormat, UniNerFormat
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


def _batches(model: TinyModel, rng: random.Random) -> list[Batch]:
    """Batches of one row and more, whose examples come again; some end their rows early."""
    batches = []
    for _ in range(9):
        batch = model.batch(rng.choices(make_examples(), k=rng.randrange(1, 8)))
        batch.length_limit = rng.choice([None, None, 5, 12])
        batch.stops_loops = rng.random() < 0.5
        batches.append(batch)
    return batches


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("format", [GnerFormat(), *LIST_FORMATS], ids=lambda format: format.scorer)
@pytest.mark.parametrize("kind", KINDS)
def test_pooled_rows_are_written_as_each_batch_by_itself(kind: str, format: Format, seed: int) -> None:
    model, speculative = tiny_model(kind, seed, format), Speculative(110 if isinstance(format, GnerFormat) else 20)
    batches = _batches(model, random.Random(seed))
    session, done = speculative.session(model), []
    for batch in batches:
        done += session.add(batch)
    num_before = len(done)
    done += session.finish()
    assert 0 < num_before < len(done)  # some were answered on the way, and some were left
    found = {(one.batch, one.place): one.result for one in done}
    assert len(found) == len(done) == sum(map(len, batches))
    for batch in batches:
        together = [generation for place in range(len(batch)) for generation in found[batch, place]]
        expected = Greedy(speculative.max_new_tokens).generate(model, batch)
        for one, other in zip(expected, together, strict=True):
            assert (other.token_ids, other.text, other.finished) == (one.token_ids, one.text, one.finished)
            assert other.token_log_probs == pytest.approx(one.token_log_probs, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pool_is_no_larger_than_a_batch(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, sizes = tiny_model(kind), []
    advance = RowGroup.advance

    def watched(group: RowGroup) -> None:
        sizes.append(len(group))
        advance(group)

    monkeypatch.setattr(RowGroup, "advance", watched)
    session = Speculative(30).session(model)
    num_open = 0
    for at in range(12):  # a model that knows nothing leaves all rows
        batch = model.batch((make_examples() * 2)[at % 3 : at % 3 + 4])
        num_open += len(batch) - len(session.add(batch))
        assert num_open <= 4
    session.finish()
    assert max(sizes) == 4
    assert sizes.count(4) > len(sizes) / 2  # passes are full but in the end


@pytest.mark.parametrize("kind", KINDS)
def test_stragglers_do_not_hold_up_others(kind: str) -> None:
    model = tiny_model(kind)
    batches = [model.batch(make_examples()) for _ in range(8)]  # rows end at different times, each at its limit
    apart, pooled = Speculative(), Speculative()
    for batch in batches:
        apart.generate(model, batch)
    session = pooled.session(model)
    for batch in batches:
        session.add(batch)
    session.finish()
    assert pooled.num_passes < 0.8 * apart.num_passes


def test_an_example_without_rows_is_done_at_once(model: TinyModel, examples: list[Example]) -> None:
    batch = model.batch(examples).rows(0, 1)
    done = {one.place: one.result for one in Speculative(4).session(model).add(batch)}
    assert [done[place] for place in range(1, len(batch))] == [[]] * (len(batch) - 1)


def test_a_session_of_a_network_that_cannot_check_drafts_answers_at_once() -> None:
    model = with_network(tiny_model("causal"), "bloom")
    session, batch = Speculative(5).session(model), model.batch(make_examples())
    assert [one.place for one in session.add(batch)] == list(range(len(batch)))
    assert session.finish() == []
