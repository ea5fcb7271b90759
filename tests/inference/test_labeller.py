"""Texts are labelled, however many and in whatever batches."""

from dataclasses import replace
from pathlib import Path

import pytest

from gner import GNER
from gner.errors import UserError
from gner.inference.labeller import Labeller, ModelOptions
from gner.inference.loading import Loaded
from gner.records import Example
from tests.conftest import KINDS, MakeModel, learn_by_heart
from tests.inference.samples import TEXTS, TYPES
from tests.prompting.questions import QuestionFormat


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


@pytest.fixture(scope="module")
def lister(examples: list[Example], tmp_path_factory: pytest.TempPathFactory) -> GNER:
    """A model that answers a question a type with a list of strings, and knows some sentences by heart."""
    folder = learn_by_heart("causal", QuestionFormat(), examples, tmp_path_factory.mktemp("lister"))
    return GNER.from_pretrained(folder, format=QuestionFormat(), device="cpu")


def test_a_model_that_lists_strings_finds_entities_with_scores(lister: GNER, examples: list[Example]) -> None:
    texts = [" ".join(example.words) for example in examples]
    for text, example, found in zip(texts, examples, lister.predict_entities(texts, decoding="greedy"), strict=True):
        assert found.tags() == list(example.tags)
        assert all(0 < entity["score"] <= 1 for entity in found)
        assert found.info.report.unplaced == 0 and text == found.text
    alone = [lister.predict_entities(text, decoding="greedy", batch_size=1) for text in texts]
    assert [found.tags() for found in alone] == [list(example.tags) for example in examples]


def test_long_texts_are_read_in_windows_by_a_model_that_lists_strings(lister: GNER, examples: list[Example]) -> None:
    settings = replace(lister.settings, longest_sentence=12)
    loaded = Loaded(lister.labeller._backbone, lister.labeller.network, settings, {}, {})
    for options in (ModelOptions(), ModelOptions(max_tokens=100)):
        model = GNER(Labeller(loaded, options))
        text = "Grace Hopper met Ada in New York (1950) . " * 5
        found = model.predict_entities(text, decoding="greedy")
        assert found.info.num_windows == 5
        assert [entity["text"] for entity in found] == ["Grace Hopper", "Ada", "New York"] * 5


def test_a_window_whose_list_is_truncated_is_split(lister: GNER) -> None:
    short = {"class_path": "Greedy", "init_args": {"max_new_tokens": 6}}
    found = lister.predict_entities("Grace Hopper met Ada in New York .", decoding=short)
    assert found.info.num_too_long > 0 and found.info.num_windows == found.info.num_too_long + 1
