"""Items that are whole batches."""

from pathlib import Path

from gner.data.collate import Collator
from gner.data.dataset import BatchDataset
from gner.data.sampler import Slot
from gner.models import Backbone
from tests.prompting.questions import EXAMPLE, QuestionFormat


def test_what_a_format_chooses_is_chosen_anew_in_each_epoch(checkpoints: dict[str, Path]) -> None:
    collate = Collator(QuestionFormat(conversation=True), Backbone(str(checkpoints["causal"])))
    dataset = BatchDataset([EXAMPLE], collate, lambda example, _: example, seed=3)
    epochs = [dataset[[Slot(0, epoch)]].input_ids.tolist() for epoch in range(40)]
    assert len(set(map(str, epochs))) == 6  # orders of three questions
    assert epochs == [dataset[[Slot(0, epoch)]].input_ids.tolist() for epoch in range(40)]
