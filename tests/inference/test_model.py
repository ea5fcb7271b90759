"""The public methods of `GNER`."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gner import GNER
from gner.bio import find_fault
from gner.errors import UserError
from gner.inference.labeller import ModelOptions
from gner.words import Word, WordSplitter
from tests.conftest import KINDS, MakeModel

TYPES = ["person", "place"]
TEXTS = [
    "Ada Lovelace wrote to London.",
    "",
    " \n\t ",
    "在东京的 Ada (Tokyo)",
    "the\u200bend\x00 of\xa0it 🙂👨‍👩‍👧",
    "half a pair \ud83d and a tab\t.",
    "Grace Hopper met Ada in New York (1950).",
]


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


@pytest.mark.parametrize("kind", KINDS)
def test_batched_texts_get_the_same_entities_as_single_ones(kind: str, make_model: MakeModel) -> None:
    model = make_model(kind)
    alone = [model.predict_entities(text, TYPES, decoding="constrained") for text in TEXTS]
    together = model.predict_entities(iter(TEXTS), TYPES, decoding="constrained", batch_size=3)
    for one, other in zip(alone, together, strict=True):
        assert [{**entity, "score": 0} for entity in one] == [{**entity, "score": 0} for entity in other]
        assert [entity["score"] for entity in one] == pytest.approx([entity["score"] for entity in other], abs=1e-4)


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


def test_types_of_training_are_the_default(make_model: MakeModel) -> None:
    model = make_model()
    assert model.predict_entities(TEXTS[0]) == model.predict_entities(TEXTS[0], TYPES)


def test_model_without_types_needs_labels(checkpoints: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="does not say which types"):
        GNER.from_pretrained(checkpoints["causal"]).predict_entities("Ada")


def test_threshold_drops_and_counts_entities(make_model: MakeModel) -> None:
    model = make_model()
    everything = model.predict_entities(TEXTS[0], TYPES, decoding="constrained")
    scores = sorted(entity["score"] for entity in everything)
    threshold = scores[len(scores) // 2]
    some = model.predict_entities(TEXTS[0], TYPES, threshold=threshold, decoding="constrained")
    assert some == [entity for entity in everything if entity["score"] >= threshold]
    assert some.info.num_below_threshold == len(everything) - len(some) > 0


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


def test_unknown_strategy_raises_with_the_known_ones(make_model: MakeModel) -> None:
    with pytest.raises(UserError, match=r"got 'fast'. There are: BeamSearch, Constrained"):
        make_model().predict_entities("Ada", TYPES, decoding="fast")
    none = {"class_path": "BeamSearch", "init_args": {"num_beams": 0}}
    with pytest.raises(UserError, match="num_beams"):
        make_model().predict_entities("Ada", TYPES, decoding=none)


def test_strategies_have_short_names(make_model: MakeModel) -> None:
    model = make_model()
    beams = {"class_path": "beam-search", "init_args": {"num_beams": 1, "max_new_tokens": 30}}
    assert model.predict_entities(TEXTS[0], TYPES, decoding=beams) is not None
    greedy = model.predict_entities(TEXTS[0], TYPES, decoding="GREEDY")
    assert [{**e, "score": 0} for e in greedy] == [{**e, "score": 0} for e in model.predict_entities(TEXTS[0], TYPES)]


@pytest.mark.parametrize("kind", KINDS)
def test_long_text_is_read_to_its_end(kind: str, make_model: MakeModel) -> None:
    model = make_model(kind, longest_sentence=12)
    sentence = "Grace Hopper met Ada in New York, and nothing else was seen there. "
    found = model.predict_entities(sentence * 30, TYPES, decoding="constrained")
    assert found.info.num_windows == 30
    places = Counter(entity["start"] // len(sentence) for entity in found)
    assert set(places) == set(range(30))
    assert len({(e["start"] % len(sentence), e["label"]) for e in found}) * 30 == len(found)


@pytest.mark.parametrize("kind", KINDS)
def test_long_sentence_is_split_into_windows(kind: str, make_model: MakeModel) -> None:
    model = make_model(kind, options=ModelOptions(max_tokens=150))
    found = model.predict_entities("Ada met Grace in London " * 40, TYPES, decoding="constrained")
    assert found.info.num_windows > 1
    assert found.info.num_words == 200
    assert found[-1]["end"] > 0.9 * 24 * 40
    assert all(one["end"] <= other["start"] for one, other in pairwise(found))


@pytest.mark.parametrize("kind", KINDS)
def test_window_with_a_truncated_answer_is_split(kind: str, make_model: MakeModel) -> None:
    """However low the limit, all words are labelled."""
    short = {"class_path": "Greedy", "init_args": {"max_new_tokens": 8}}
    found = make_model(kind).predict_entities("Ada Lovelace wrote to London .", TYPES, decoding=short)
    assert found.info.num_too_long > 0
    assert found.info.num_windows == found.info.num_too_long + 1


def test_many_types_are_split_over_several_prompts(make_model: MakeModel) -> None:
    labels = [f"type number {number}" for number in range(60)]
    found = make_model(options=ModelOptions(max_tokens=400)).predict_entities(
        "Ada met Grace in London", labels, decoding="constrained"
    )
    assert found.info.num_label_groups > 1
    assert {entity["label"] for entity in found} <= set(labels)
    assert all(one["end"] <= other["start"] for one, other in pairwise(found))


@pytest.mark.parametrize("num", [1, 2, 3, 5, 17, 100])
def test_each_of_any_number_of_types_is_in_one_prompt(num: int, make_model: MakeModel) -> None:
    labels = {f"type {number}": "described at some length" for number in range(num)}
    found = make_model(options=ModelOptions(max_tokens=150)).predict_entities("Ada met Grace", labels)
    assert found.info.num_label_groups <= num
    assert num < 5 or found.info.num_label_groups > 1


def test_type_that_fills_the_prompt_raises(make_model: MakeModel) -> None:
    with pytest.raises(UserError, match="the type `xxx"):
        make_model(options=ModelOptions(max_tokens=100)).predict_entities("Ada", ["x" * 500])


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


def test_blank_words_get_o_unless_inside_an_entity(make_model: MakeModel) -> None:
    model = make_model()
    with_blanks = model.predict_tags(["Ada", " ", "met", "", "London"], TYPES, decoding="constrained")
    without = model.predict_tags(["Ada", "met", "London"], TYPES, decoding="constrained")
    assert [with_blanks[0], with_blanks[2], with_blanks[4]] == without
    assert find_fault(with_blanks, "IOB2") is None
    with pytest.raises(UserError, match="predict_entities"):
        model.predict_tags("Ada met", TYPES)


def test_conversions_for_other_tools(make_model: MakeModel) -> None:
    found = make_model().predict_entities(TEXTS[0], TYPES, decoding="constrained")
    first = found[0]
    assert found.to_hf()[0] == {
        "entity_group": first["label"],
        "score": first["score"],
        "word": first["text"],
        "start": first["start"],
        "end": first["end"],
    }
    shown = found.to_displacy()
    assert shown["text"] == TEXTS[0]
    assert shown["ents"][0] == {"start": first["start"], "end": first["end"], "label": first["label"]}


def test_custom_splitter_is_used_and_checked(make_model: MakeModel) -> None:
    letters = make_model(options=ModelOptions(words=lambda text: [Word(c, i, i + 1) for i, c in enumerate(text)]))
    lazy = make_model(options=ModelOptions(words=lambda text: iter(WordSplitter()(text))))  # type: ignore[arg-type]
    assert lazy.predict_entities(TEXTS[0], TYPES) == make_model().predict_entities(TEXTS[0], TYPES)
    found = letters.predict_entities("a b", TYPES, decoding="constrained")
    assert found.info.num_words == 2  # a space is no word
    wrong = make_model(options=ModelOptions(words=lambda text: [Word("x", 0, 1)]))
    with pytest.raises(UserError, match="the text has 'A'"):
        wrong.predict_entities("Ada", TYPES)


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
