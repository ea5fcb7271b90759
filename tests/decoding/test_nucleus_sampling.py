"""Nucleus sampling."""

import pytest

from gner.decoding import NucleusSampling
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
