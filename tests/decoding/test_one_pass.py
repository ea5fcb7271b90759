"""All tags in one pass, whatever the batch is."""

from dataclasses import replace

import pytest

from gner.bio import find_fault
from gner.decoding import OnePass, one_pass
from gner.decoding.predictor import GenerativePredictor
from gner.errors import UserError
from gner.interfaces import Kind
from gner.prompting import GnerFormat
from gner.testing import make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import with_network

pytestmark = pytest.mark.usefixtures("no_gradients")


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_gets_one_valid_tag_in_one_pass(kind: Kind) -> None:
    model, strategy, examples = tiny_model(kind), OnePass(), make_examples()
    predictions = GenerativePredictor(model, strategy).predict(model.batch(examples))
    assert strategy.num_passes == 1
    for example, prediction in zip(examples, predictions, strict=True):
        assert len(prediction.tags) == len(example.words)
        assert find_fault(prediction.tags, "IOB2") is None
        assert prediction.finished
        assert not (prediction.report.omissions or prediction.report.additions)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_decides_how_many_passes_there_are_and_nothing_else(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    model, examples = tiny_model(kind), make_examples()
    one, several = OnePass(), OnePass()
    expected = one.generate(model, model.batch(examples))
    monkeypatch.setattr(one_pass, "MOST_PAIRS", 150**2)
    written = several.generate(model, model.batch(examples))
    assert several.num_passes > 2 * one.num_passes
    assert [generation.text for generation in written] == [generation.text for generation in expected]


def test_words_without_room_are_left_out() -> None:
    model = tiny_model("causal")
    batch = model.batch(make_examples()[:1])
    batch.length_limit = 12
    [cut] = OnePass().generate(model, batch)
    assert not cut.finished
    assert 0 < len(cut.token_ids) <= 12
    [whole] = OnePass().generate(model, model.batch(make_examples()[:1]))
    assert whole.finished
    assert len(cut.text.split()) < len(whole.text.split())


def test_a_network_that_cannot_read_trees_is_refused() -> None:
    model = with_network(tiny_model("seq2seq"), "bart")
    with pytest.raises(UserError, match=r"OnePass needs .* cannot use a `bart`: its decoder .* Constrained"):
        OnePass().generate(model, model.batch(make_examples()[:1]))


def test_a_format_that_leaves_words_out_is_refused() -> None:
    model = replace(tiny_model("causal"), format=GnerFormat(context_window=0))
    with pytest.raises(UserError, match="Expected a format that writes every word, as OnePass forces them; got one"):
        OnePass().generate(model, model.batch(make_examples()[:1]))
