"""Beam search."""

import pytest

from gner.decoding import BeamSearch, Greedy
from gner.errors import UserError
from gner.records import Example
from gner.testing import TinyModel

pytestmark = pytest.mark.usefixtures("no_gradients")


def test_beams_find_a_text_at_least_as_probable_as_greedy_search(model: TinyModel, examples: list[Example]) -> None:
    for example in examples:
        batch = model.batch([example])
        [greedy] = Greedy(8).generate(model, batch)
        [beams] = BeamSearch(32, length_penalty=0.0, max_new_tokens=8).generate(model, batch)
        assert sum(beams.token_log_probs) >= sum(greedy.token_log_probs) - 1e-4


def test_a_width_of_nothing_is_refused_with_the_key() -> None:
    with pytest.raises(UserError, match=r"model\.decoding\.init_args\.num_beams"):
        BeamSearch(num_beams=0)
