"""Nucleus sampling."""

import pytest
import torch

from gner.decoding import NucleusSampling
from gner.decoding.nucleus_sampling import RowSampler
from gner.errors import UserError
from gner.records import Example
from gner.testing import TinyModel

pytestmark = pytest.mark.usefixtures("no_gradients")


def test_sampling_depends_on_its_seed(model: TinyModel, examples: list[Example]) -> None:
    texts = {NucleusSampling(top_p=1.0, seed=seed).generate(model, model.batch(examples))[0].text for seed in range(4)}
    assert len(texts) > 1


@pytest.mark.parametrize("option", ["top_p", "temperature", "num_samples"])
def test_impossible_options_are_refused_with_their_key(option: str) -> None:
    with pytest.raises(UserError, match=rf"model\.decoding\.init_args\.{option}"):
        NucleusSampling(**{option: 0})  # type: ignore[arg-type]


def test_a_row_gets_the_token_that_its_own_number_falls_on() -> None:
    draws = torch.tensor([[0.1, 0.9], [0.3, 0.3], [0.999, 0.0]])
    sampler = RowSampler(draws)
    scores = torch.tensor([[0.2, 0.3, 0.5]]).log().expand(3, 3)
    chosen = [sampler(torch.zeros(3, 1), scores).argmax(-1).tolist() for _ in range(2)]
    assert chosen == [[0, 1, 2], [2, 1, 0]]
