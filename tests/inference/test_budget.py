"""Texts and types in prompts that the model can read."""

from dataclasses import replace
from itertools import pairwise
from math import inf
from pathlib import Path

import pytest

from gner.data.collate import Collator
from gner.errors import UserError
from gner.inference.budget import Limits, Prompter
from gner.inference.gner_config import Settings
from gner.inference.labeller import ModelOptions
from gner.inference.labels import Labels
from gner.models import Backbone
from gner.prompting import Format, GnerFormat, UniNerFormat
from tests.conftest import MakeModel
from tests.inference.samples import TEXTS, TYPES
from tests.prompting.questions import QuestionFormat


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


@pytest.mark.parametrize("format", [QuestionFormat(), UniNerFormat()])
def test_types_that_are_asked_for_one_by_one_are_never_split(format: Format, make_model: MakeModel) -> None:
    labels = [f"type number {number}" for number in range(500)]
    model = make_model(options=ModelOptions(max_tokens=300), format=format)
    short = {"class_path": "Greedy", "init_args": {"max_new_tokens": 1}}
    found = model.predict_entities("Ada", labels, decoding=short)
    assert (found.info.num_label_groups, found.info.num_windows) == (1, 1)
    with pytest.raises(UserError, match="the type `xxx"):
        model.predict_entities("Ada", ["person", "x" * 500, "place"])


def test_type_that_fills_the_prompt_raises(make_model: MakeModel) -> None:
    with pytest.raises(UserError, match="the type `xxx"):
        make_model(options=ModelOptions(max_tokens=100)).predict_entities("Ada", ["x" * 500])


@pytest.mark.parametrize(
    ("kind", "max_tokens", "expected"),
    [
        ("seq2seq", None, Limits(70, 90, inf)),  # T5's positions are relative, so nothing else limits it
        ("seq2seq", 30, Limits(30, 30, inf)),
        ("causal", None, Limits(inf, inf, 70)),
        ("causal", 10**6, Limits(inf, inf, 50)),  # the positions of the checkpoint
    ],
)
def test_a_model_reads_what_it_was_trained_with_or_what_is_asked_for(
    kind: str, max_tokens: int | None, expected: Limits, checkpoints: dict[str, Path]
) -> None:
    backbone = Backbone(str(checkpoints[kind]))
    if max_tokens == 10**6:
        backbone.config.max_position_embeddings = 50
    assert Limits.of(backbone, Settings(max_input_tokens=70, max_answer_tokens=90), max_tokens) == expected


@pytest.mark.parametrize("format", [GnerFormat(None), QuestionFormat()])
@pytest.mark.parametrize(("kind", "most"), [("causal", (150, 0)), ("seq2seq", (90, 1000)), ("seq2seq", (1000, 90))])
def test_words_that_are_said_to_fit_do_fit(
    kind: str, most: tuple[int, int], format: Format, checkpoints: dict[str, Path]
) -> None:
    backbone, labels = Backbone(str(checkpoints[kind])), Labels.of(TYPES)
    collate = Collator(format, backbone)
    limits = Limits.of(backbone, Settings(max_input_tokens=most[0], max_answer_tokens=most[1]), None)
    prompter = Prompter(backbone, format, collate, limits=limits, dataset="toy")
    words = TEXTS[6].split() * 4
    fits = prompter.fitting(words, prompter.overhead(labels))
    ends = [end for end in range(1, len(words) + 1) if fits(0, end)]
    assert ends == list(range(1, len(ends) + 1)) and 0 < len(ends) < len(words)
    example = prompter.example(words[: ends[-1]], labels)
    tags = [f"B-{TYPES[0]}" if place % 4 == 0 else "O" for place in range(len(example.words))]
    answers = [example] if format.lists_strings is False else [example, replace(example, tags=tuple(tags))]
    for row in collate.encode(answers):  # with no entities, or with many
        assert limits.allow(*row.size)
