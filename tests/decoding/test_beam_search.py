"""Beam search."""

from typing import Any

import pytest
import torch

from gner.decoding import BeamSearch, Greedy, beam_search
from gner.decoding.huggingface_beams import HuggingFaceBeams
from gner.errors import UserError
from gner.prompting import Format, InstructUieFormat, UniNerFormat
from gner.records import Example
from gner.testing import TinyModel, make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import NETWORKS, with_network

pytestmark = pytest.mark.usefixtures("no_gradients")


class AllBeams(HuggingFaceBeams):
    """`generate` with all hypotheses."""

    def options(self) -> dict[str, Any]:
        """The same, and all beams."""
        return super().options() | {"num_return_sequences": self.num_beams}


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No batch is left to `generate`, whatever a random network writes."""
    monkeypatch.setattr(beam_search, "_LEAST_STEPS", 0)


def _with_ends(kind: str, seed: int) -> TinyModel:
    """A random network that finds an end as likely as anything."""
    model = tiny_model(kind, seed)
    head = model.network.get_output_embeddings().weight
    noise = torch.randn(head.shape[1], generator=torch.Generator().manual_seed(seed))
    head[model.tokenizer.eos_token_id] = noise * head.std() * 3
    return model


def _check(strategy: BeamSearch, model: TinyModel, examples: list[Example]) -> list[int]:
    """Compare with `generate`; returns lengths of answers."""
    batch = model.batch(examples)
    expected = HuggingFaceBeams(strategy.num_beams, strategy.length_penalty, strategy.max_new_tokens)
    lengths = []
    for one, other in zip(strategy.generate(model, batch), expected.generate(model, batch), strict=True):
        assert (one.token_ids, one.text, one.finished) == (other.token_ids, other.text, other.finished)
        assert one.token_log_probs == pytest.approx(other.token_log_probs, abs=1e-4)
        lengths.append(len(one.token_ids))
    return lengths


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("num_beams", [1, 2, 4, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_what_generate_finds_is_found(kind: str, num_beams: int) -> None:
    lengths: set[int] = set()
    for seed, length_penalty, limit in ((0, 0.0, None), (1, 1.0, None), (2, 2.0, 20), (3, 1.0, 1), (0, -1.0, 9)):
        strategy = BeamSearch(num_beams, length_penalty, limit)
        for examples in (make_examples(), make_examples()[::-2], make_examples()[:1]):
            lengths |= set(_check(strategy, _with_ends(kind, seed), examples))
        assert strategy.num_passes > 0
    assert len(lengths) > 3


@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("kind", KINDS)
def test_all_hypotheses_are_found_in_order_and_with_their_scores(kind: str, length_penalty: float) -> None:
    for seed in range(2):
        model = _with_ends(kind, seed)
        batch = model.batch(make_examples())
        rows = BeamSearch(3, length_penalty, 24).hypotheses(model, batch)
        beams = [beam for row in rows for beam in row]
        assert [beam.node.tokens() for beam in beams] == AllBeams(3, length_penalty, 24).write(model, batch)
        for beam in beams:
            scores = beam.node.log_probs()
            assert beam.score == pytest.approx(sum(scores) / len(scores) ** length_penalty, abs=1e-4)


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("format", [UniNerFormat(), InstructUieFormat()], ids=lambda format: format.scorer)
@pytest.mark.parametrize("kind", KINDS)
def test_lists_are_searched_too(kind: str, format: Format) -> None:
    strategy = BeamSearch(2, max_new_tokens=12)
    _check(strategy, tiny_model(kind, format=format), make_examples())
    assert strategy.num_passes > 0


@pytest.mark.usefixtures("patience")
def test_answers_that_loop_are_ended_where_generate_ends_them(model: TinyModel, examples: list[Example]) -> None:
    batch = model.batch(examples)
    batch.stops_loops = True
    written, expected = (search(3, 1.0, 120).generate(model, batch) for search in (BeamSearch, HuggingFaceBeams))
    assert [one.token_ids for one in written] == [one.token_ids for one in expected]


@pytest.fixture(scope="module")
def trained() -> TinyModel:
    """A model that knows three sentences by heart."""
    with torch.inference_mode(False), torch.enable_grad():
        model = tiny_model("causal")
        batch = model.batch(make_examples()[:3])
        optimizer = torch.optim.Adam(model.network.parameters(), lr=1e-2)
        for _ in range(150):
            optimizer.zero_grad()
            network: Any = model.network
            loss = network(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels).loss
            loss.backward()
            optimizer.step()
    return model


def test_a_model_that_was_trained_takes_few_passes(trained: TinyModel) -> None:
    strategy = BeamSearch(4)
    lengths = _check(strategy, trained, make_examples()[:3])
    assert 0 < strategy.num_passes <= max(lengths) / 4


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_that_read_no_trees_are_left_to_generate(name: str, caplog: pytest.LogCaptureFixture) -> None:
    model, strategy = with_network(tiny_model(NETWORKS[name]), name), BeamSearch(2, max_new_tokens=8)
    _check(strategy, model, make_examples())
    assert (strategy.num_passes > 0) == (name == "gpt2")  # it takes position ids
    assert ("token by token" in caplog.text) == (name != "gpt2")


def test_batches_are_left_to_generate_while_nothing_drafted_is_written() -> None:
    strategy, model = BeamSearch(2), tiny_model("causal")
    num_passes = []
    for _ in range(10):
        _check(strategy, model, make_examples()[:4])
        num_passes.append(strategy.num_passes)
    assert num_passes == [2] * 9 + [4]


def test_beams_find_a_text_at_least_as_probable_as_greedy_search(model: TinyModel, examples: list[Example]) -> None:
    for example in examples:
        batch = model.batch([example])
        [greedy] = Greedy(8).generate(model, batch)
        [beams] = BeamSearch(32, length_penalty=0.0, max_new_tokens=8).generate(model, batch)
        assert sum(beams.token_log_probs) >= sum(greedy.token_log_probs) - 1e-4


def test_a_width_of_nothing_is_refused_with_the_key() -> None:
    with pytest.raises(UserError, match=r"model\.decoding\.init_args\.num_beams"):
        BeamSearch(num_beams=0)
