"""Beam search by Hugging Face's `generate`."""

import pytest

from gner.decoding import Greedy
from gner.decoding.huggingface_beams import HuggingFaceBeams
from gner.records import Example
from gner.testing import TinyModel

pytestmark = pytest.mark.usefixtures("no_gradients")


def test_one_beam_is_greedy_search(model: TinyModel, examples: list[Example]) -> None:
    batch = model.batch(examples)
    greedy, beam = (strategy.generate(model, batch) for strategy in (Greedy(8), HuggingFaceBeams(1, max_new_tokens=8)))
    assert [one.token_ids for one in beam] == [one.token_ids for one in greedy]


def test_a_length_penalty_is_passed_on() -> None:
    options = HuggingFaceBeams(3, length_penalty=0.5).options()
    assert (options["num_beams"], options["length_penalty"], options["early_stopping"]) == (3, 0.5, False)
