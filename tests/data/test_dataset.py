"""Items that are whole batches."""

import random
from pathlib import Path

import torch

from gner.data.collate import Collator
from gner.data.dataset import BatchDataset
from gner.data.sampler import Slot
from gner.models import Backbone
from gner.prompting import GnerFormat
from gner.records import Example
from tests.prompting.questions import EXAMPLE, QuestionFormat


def test_what_a_format_chooses_is_chosen_anew_in_each_epoch(checkpoints: dict[str, Path]) -> None:
    collate = Collator(QuestionFormat(conversation=True), Backbone(str(checkpoints["causal"])))
    dataset = BatchDataset([EXAMPLE], collate, lambda example, _: example, seed=3)
    epochs = [dataset[[Slot(0, epoch)]].input_ids.tolist() for epoch in range(40)]
    assert len(set(map(str, epochs))) == 6  # orders of three questions
    assert epochs == [dataset[[Slot(0, epoch)]].input_ids.tolist() for epoch in range(40)]


def test_an_item_is_what_its_slots_ask_for_whatever_was_asked_before(
    examples: list[Example], checkpoints: dict[str, Path]
) -> None:
    collate = Collator(GnerFormat(), Backbone(str(checkpoints["causal"])))
    dataset = BatchDataset(examples, collate)
    slots = [Slot(3, counted=False), Slot(0), Slot(3)]
    batch = dataset[slots]
    assert [example.id for example in batch.examples] == ["3", "0", "3"]
    assert (batch.positions, batch.counted, batch.decode) == ([3, 0, 3], [False, True, True], True)
    dataset[[Slot(1)]]
    assert torch.equal(dataset[slots].input_ids, batch.input_ids)
    assert len(dataset) == len(examples)


def test_a_change_depends_on_seed_epoch_position_and_repeat(
    examples: list[Example], checkpoints: dict[str, Path]
) -> None:
    collate = Collator(GnerFormat(), Backbone(str(checkpoints["causal"])))
    drawn: list[float] = []

    def change(example: Example, rng: random.Random) -> Example:
        drawn.append(rng.random())
        return example

    slots = [Slot(0), Slot(1), Slot(0, 1), Slot(0, 0, repeat=1)]
    for seed in (0, 0, 1):
        BatchDataset(examples, collate, change, seed=seed)[slots]
    assert drawn[:4] == drawn[4:8]
    assert len(set(drawn)) == 8
