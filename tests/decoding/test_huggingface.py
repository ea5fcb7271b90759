"""Strategies that run Hugging Face's `generate`."""

import pytest

from gner.decoding import BeamSearch, DecodingStrategy, Greedy, Speculative
from gner.errors import UserError
from gner.records import Example
from gner.testing import TinyModel

pytestmark = pytest.mark.usefixtures("no_gradients")


@pytest.mark.parametrize(
    "strategy",
    [Greedy(20), BeamSearch(3, max_new_tokens=20), Speculative(20)],
    ids=["greedy", "beams", "speculative"],
)
def test_an_example_is_decoded_alike_alone_and_in_a_padded_batch(
    strategy: DecodingStrategy, model: TinyModel, examples: list[Example]
) -> None:
    together = strategy.generate(model, model.batch(examples))
    for example, generation in zip(examples, together, strict=True):
        [alone] = strategy.generate(model, model.batch([example]))
        assert alone.token_ids == generation.token_ids
        assert alone.token_log_probs == pytest.approx(generation.token_log_probs, abs=1e-4)


def test_what_a_checkpoint_recommends_for_chats_is_left_out(model: TinyModel, examples: list[Example]) -> None:
    batch = model.batch(examples)
    expected = [generation.token_ids for generation in Greedy(20).generate(model, batch)]
    model.network.generation_config.repetition_penalty = 1.8
    assert [generation.token_ids for generation in Greedy(20).generate(model, batch)] == expected
    assert [generation.token_ids for generation in Speculative(20).generate(model, batch)] == expected
    assert model.network.generation_config.repetition_penalty == 1.8


def test_an_answer_of_no_tokens_is_refused_with_the_key() -> None:
    with pytest.raises(UserError, match=r"model\.decoding\.init_args\.max_new_tokens"):
        Greedy(max_new_tokens=0)
