"""Texts are labelled, however many and in whatever batches."""

from pathlib import Path

import pytest

from gner import GNER
from gner.errors import UserError
from gner.inference.labeller import ModelOptions
from tests.conftest import KINDS, MakeModel
from tests.inference.samples import TEXTS, TYPES


@pytest.mark.parametrize("kind", KINDS)
def test_batched_texts_get_the_same_entities_as_single_ones(kind: str, make_model: MakeModel) -> None:
    model = make_model(kind)
    alone = [model.predict_entities(text, TYPES, decoding="constrained") for text in TEXTS]
    together = model.predict_entities(iter(TEXTS), TYPES, decoding="constrained", batch_size=3)
    for one, other in zip(alone, together, strict=True):
        assert [{**entity, "score": 0} for entity in one] == [{**entity, "score": 0} for entity in other]
        assert [entity["score"] for entity in one] == pytest.approx([entity["score"] for entity in other], abs=1e-4)


def test_types_of_training_are_the_default(make_model: MakeModel) -> None:
    model = make_model()
    assert model.predict_entities(TEXTS[0]) == model.predict_entities(TEXTS[0], TYPES)


def test_model_without_types_needs_labels(checkpoints: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="does not say which types"):
        GNER.from_pretrained(checkpoints["causal"]).predict_entities("Ada")


@pytest.mark.parametrize("options", [{"max_tokens": 0}, {"overlap": -1}, {"batch_tokens": 0}])
def test_options_out_of_range_raise(options: dict[str, int]) -> None:
    with pytest.raises(UserError, match=next(iter(options))):
        ModelOptions(**options)


@pytest.mark.slow
def test_compiled_model_finds_the_same_entities(make_model: MakeModel) -> None:
    compiled = make_model(options=ModelOptions(torch_compile=True)).predict_entities(TEXTS, TYPES)
    plain = make_model().predict_entities(TEXTS, TYPES)
    assert [[{**entity, "score": 0} for entity in found] for found in compiled] == [
        [{**entity, "score": 0} for entity in found] for found in plain
    ]
