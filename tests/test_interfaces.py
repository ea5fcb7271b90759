"""The batch, and what a configuration says of a backbone."""

import pytest
import torch
from transformers import AutoConfig

from gner.interfaces import Kind, kind_of
from gner.records import Example
from gner.testing import make_examples, tiny_model
from tests.prompting.questions import EXAMPLE, QuestionFormat


def test_all_rows_of_an_example_are_in_one_batch() -> None:
    examples: list[Example] = [EXAMPLE, *make_examples()]
    model = tiny_model(Kind.CAUSAL, format=QuestionFormat())
    batch = model.collate(examples)
    assert [batch.owners.count(owner) for owner in range(len(examples))] == [3, 2, 2, 2, 2, 2]
    first = batch.first(2)
    assert first.owners == [0, 0, 0, 1, 1] and len(first) == 2 and first.prompt_ids.shape[0] == 5
    twice = first.repeated(2)
    assert twice.owners == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1] and len(twice.examples) == 2


@pytest.mark.parametrize(
    ("model_type", "settings", "kind"),
    [
        ("t5", {}, Kind.SEQ2SEQ),
        ("bart", {}, Kind.SEQ2SEQ),
        ("llama", {}, Kind.CAUSAL),
        ("mamba", {}, Kind.CAUSAL),
        ("bert", {}, Kind.ENCODER),
        ("bert", {"is_decoder": True}, Kind.CAUSAL),
        ("modernbert", {}, Kind.ENCODER),
    ],
)
def test_the_kind_of_a_backbone_is_in_its_configuration(model_type: str, settings: dict[str, bool], kind: Kind) -> None:
    assert kind_of(AutoConfig.for_model(model_type, **settings)) is kind


def test_a_moved_batch_is_a_copy_with_all_of_its_tensors_there() -> None:
    batch = tiny_model(Kind.SEQ2SEQ).batch(make_examples())
    moved = batch.to("meta")
    for name, value in vars(batch).items():
        if isinstance(value, torch.Tensor):
            assert getattr(moved, name).device.type == "meta" and value.device.type == "cpu", name
        else:
            assert getattr(moved, name) is value, name
    assert len(moved) == len(batch) == 5
