from collections.abc import Callable
from pathlib import Path

import pytest

from gner.data import Regularization, Source, SyntheticCorpus
from gner.errors import UserError
from gner.models import Backbone, FromScratch
from tests.data.modules import data_module, fitting, write_sources
from tests.data.writers import write_json

Write = Callable[..., Path]


def test_training_shuffles_types_anew_in_each_epoch_and_validation_does_not(backbone: Backbone, toy_root: Path) -> None:
    data = fitting(backbone, toy_root)
    loader = data.train_dataloader()
    orders = [tuple(sorted((e.id, e.types) for batch in loader for e in batch.examples)) for _ in range(8)]
    assert len(set(orders)) > 1
    assert {example.types for batch in data.val_dataloader() for example in batch.examples} == {("person", "place")}


def test_the_same_seed_gives_the_same_batches_with_and_without_workers(backbone: Backbone, toy_root: Path) -> None:
    def rows(seed: int, num_workers: int) -> list[list[list[int]]]:
        data = fitting(backbone, toy_root, seed=seed, num_workers=num_workers, batch_size=2)
        return [batch.input_ids.tolist() for batch in data.train_dataloader()]

    assert rows(0, 0) == rows(0, 1)
    assert rows(0, 0) != rows(1, 0)


def test_several_data_sets_are_mixed(backbone: Backbone, toy_root: Path, write_dataset: Write) -> None:
    write_dataset("other", types="food\n", train="soup\tB-food\n", dev="x\tO\n")
    data = fitting(backbone, toy_root, train=["toy", "other"], batch_size=2)
    assert {example.dataset for batch in data.train_dataloader() for example in batch.examples} == {"toy", "other"}
    assert data.entity_types() == {"toy": ("person", "place"), "other": ("food",)}


def test_external_types_come_from_the_other_data_sets(backbone: Backbone, toy_root: Path, write_dataset: Write) -> None:
    write_dataset("other", types="food\n", train="soup\tB-food\n")
    regularization = Regularization(num_external_types=1)
    data = fitting(backbone, toy_root, train=["toy", "other"], regularization=regularization)
    types = {e.dataset: set(e.types) for batch in data.train_dataloader() for e in batch.examples}
    assert types["toy"] == {"person", "place", "food"}
    assert len(types["other"]) == 2


def test_training_on_nothing_is_refused(backbone: Backbone, toy_root: Path) -> None:
    with pytest.warns(UserWarning), pytest.raises(UserError, match="No training sentence is left"):
        fitting(backbone, toy_root, max_input_tokens=5)


def test_a_tokenizer_is_trained_on_the_training_split(toy_root: Path) -> None:
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    backbone = Backbone(FromScratch("llama", 700, sizes))
    data = fitting(backbone, toy_root)
    assert backbone.tokenizer.tokenize("London")[0] == "ĠLondon"
    assert len(list(data.train_dataloader())) == 1


def test_evaluating_a_model_from_nothing_needs_a_checkpoint(toy_root: Path) -> None:
    data = data_module(Backbone(FromScratch("llama", 400)), toy_root)
    with pytest.raises(UserError, match="--ckpt_path best"):
        data.setup("validate")


def test_the_made_up_corpus_is_written_when_it_is_asked_for_by_name(backbone: Backbone, tmp_path: Path) -> None:
    synthetic = SyntheticCorpus(num_train=6, num_dev=2)
    data = fitting(backbone, tmp_path, synthetic=synthetic, train=["synthetic"], val=["synthetic"])
    assert len(data.examples["train"]) == 6
    elsewhere = tmp_path / "elsewhere"
    data_module(backbone, elsewhere, synthetic=synthetic).prepare_data()
    assert not elsewhere.exists()


def test_a_sentence_that_is_seen_twice_is_changed_anew(backbone: Backbone, toy_root: Path, tmp_path: Path) -> None:
    source = Source(str(write_sources(tmp_path)), types=[f"type{number}" for number in range(30)] + ["food"], weight=2)
    data = fitting(backbone, toy_root, train=[source])
    types = [example.types for batch in data.train_dataloader() for example in batch.examples]
    assert len(set(types)) == len(types) == 8


def test_examples_with_lists_of_their_own_are_counted_together(backbone: Backbone, tmp_path: Path) -> None:
    rows = [{"tokenized_text": ["Ada"], "ner": [[0, 0, "person"]], "ner_negatives": [name]} for name in ("a", "b")]
    write_json(tmp_path / "train.json", rows)
    source = Source(str(tmp_path / "train.json"))
    data = fitting(backbone, tmp_path, train=[source], val=[source])
    assert data.entity_types() == {tmp_path.name: ("person", "a", "b")}


def test_a_checkpoint_tells_what_was_trained_on_and_need_not(backbone: Backbone, toy_root: Path) -> None:
    data = fitting(backbone, toy_root)
    state = data.state_dict()
    assert state["longest_sentence"] == 11
    assert state["types"] == {"toy": ["person", "place"]}
    fitting(backbone, toy_root).load_state_dict({"train_progress": None})


def test_what_happened_to_annotations_is_warned_of(backbone: Backbone, toy_root: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "a.jsonl", [{"text": "London-based", "spans": [[0, 6, "place"]]}], lines=True)
    with pytest.warns(
        UserWarning, match=r"a.jsonl: Spans that start or end within a word, widened to whole words: 1; the first"
    ):
        fitting(backbone, toy_root, train=[Source(str(tmp_path / "a.jsonl"))])
