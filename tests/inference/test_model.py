"""The public methods of `GNER`."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gner.bio import find_fault
from gner.errors import UserError
from tests.conftest import KINDS, MakeModel
from tests.inference.samples import TEXTS, TYPES


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("decoding", ["speculative", "constrained"])
def test_entities_are_sorted_slices_of_the_text(kind: str, decoding: str, make_model: MakeModel) -> None:
    found = make_model(kind).predict_entities(TEXTS, TYPES, decoding=decoding)
    assert len(found) == len(TEXTS)
    for text, entities in zip(TEXTS, found, strict=True):
        end = 0
        for entity in entities:
            assert set(entity) == {"start", "end", "text", "label", "score"}
            assert text[entity["start"] : entity["end"]] == entity["text"]
            assert entity["start"] >= end
            assert entity["label"] in TYPES
            assert 0 <= entity["score"] <= 1
            end = entity["end"]
    assert found[1] == found[2] == []
    assert found[0] and found[6]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60) | st.text("ab 字ก\u200b\u0301\x00()'\ud800.", max_size=60))
def test_any_text_can_be_labelled(text: str, make_model: MakeModel) -> None:
    for entity in make_model().predict_entities(text, TYPES, decoding="constrained"):
        assert text[entity["start"] : entity["end"]] == entity["text"] != ""


def test_labels_have_the_names_that_the_user_gave(make_model: MakeModel) -> None:
    found = make_model().predict_entities(TEXTS[6], [" person\n", "place ("], decoding="constrained")
    assert {entity["label"] for entity in found} == {" person\n", "place ("}


def test_descriptions_are_in_the_prompt(make_model: MakeModel) -> None:
    model = make_model()
    plain = model.predict_entities(TEXTS[6], TYPES, decoding="constrained")
    described = model.predict_entities(TEXTS[6], {"person": "a human being", "place": None}, decoding="constrained")
    assert [entity["score"] for entity in plain] != [entity["score"] for entity in described]


def test_no_types_no_entities(make_model: MakeModel) -> None:
    assert make_model().predict_entities(TEXTS, []) == [[]] * len(TEXTS)


@pytest.mark.parametrize("options", [{"multi_label": True}, {"flat_ner": False}])
def test_options_that_bio_tags_cannot_express_raise(options: dict[str, bool], make_model: MakeModel) -> None:
    with pytest.raises(UserError, match=f"{next(iter(options))}=.*BIO"):
        make_model().predict_entities("Ada", TYPES, **options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Ada", "person"), r"Give \['person'\]"),
        ((None, TYPES), "Expected a text"),
        (([["Ada"]], TYPES), "Expected a text"),
    ],
)
def test_invalid_arguments_raise(arguments: tuple[Any, Any], message: str, make_model: MakeModel) -> None:
    with pytest.raises(UserError, match=message):
        make_model().predict_entities(*arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_words_are_tagged_like_their_joined_text(kind: str, make_model: MakeModel) -> None:
    model = make_model(kind, words="whitespace")
    sentences = [["Ada", "met", "H2(O)", "in", "London", "."], ["x"], []]
    tags = model.predict_tags(sentences, TYPES, decoding="constrained")
    entities = model.predict_entities([" ".join(words) for words in sentences], TYPES, decoding="constrained")
    assert tags == [found.tags() for found in entities]
    assert [len(row) for row in tags] == [6, 1, 0]
    assert all(find_fault(row, "IOB2") is None for row in tags)
    assert model.predict_tags(sentences[0], TYPES, decoding="constrained") == tags[0]
    assert model.predict_tags([], TYPES) == []
