from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from gner.data import GnerDataModule, Regularization, Source, SyntheticCorpus
from gner.data.loader import BatchLoader
from gner.data.sampler import TrainSampler
from gner.errors import UserError
from gner.interfaces import Batch
from gner.models import Backbone, FromScratch
from gner.prompting import GnerFormat
from tests.data.writers import write_json

Write = Callable[..., Path]


@pytest.fixture
def backbone(checkpoints: dict[str, Path]) -> Backbone:
    return Backbone(str(checkpoints["seq2seq"]))


def _data(backbone: Backbone, root: Path, **options: object) -> GnerDataModule:
    names = {"train": ["toy"], "val": ["toy"], "test": ["toy"]}
    return GnerDataModule(backbone, GnerFormat(), str(root), **{**names, **options})  # type: ignore[arg-type]


def _fitting(backbone: Backbone, root: Path, **options: object) -> GnerDataModule:
    data = _data(backbone, root, **options)
    data.prepare_data()
    data.setup("fit")
    return data


def _words(batches: list[Batch]) -> list[tuple[str, ...]]:
    return [example.words for batch in batches for example in batch.examples]


def test_training_shuffles_types_anew_in_each_epoch_and_validation_does_not(backbone: Backbone, toy_root: Path) -> None:
    data = _fitting(backbone, toy_root)
    loader = data.train_dataloader()
    orders = [tuple(sorted((e.id, e.types) for batch in loader for e in batch.examples)) for _ in range(8)]
    assert len(set(orders)) > 1
    assert {example.types for batch in data.val_dataloader() for example in batch.examples} == {("person", "place")}


def test_the_same_seed_gives_the_same_batches_with_and_without_workers(backbone: Backbone, toy_root: Path) -> None:
    def rows(seed: int, num_workers: int) -> list[list[list[int]]]:
        data = _fitting(backbone, toy_root, seed=seed, num_workers=num_workers, batch_size=2)
        return [batch.input_ids.tolist() for batch in data.train_dataloader()]

    assert rows(0, 0) == rows(0, 1)
    assert rows(0, 0) != rows(1, 0)


def test_several_data_sets_are_mixed(backbone: Backbone, toy_root: Path, write_dataset: Write) -> None:
    write_dataset("other", types="food\n", train="soup\tB-food\n", dev="x\tO\n")
    data = _fitting(backbone, toy_root, train=["toy", "other"], batch_size=2)
    assert {example.dataset for batch in data.train_dataloader() for example in batch.examples} == {"toy", "other"}
    assert data.entity_types() == {"toy": ("person", "place"), "other": ("food",)}


def test_external_types_come_from_the_other_data_sets(backbone: Backbone, toy_root: Path, write_dataset: Write) -> None:
    write_dataset("other", types="food\n", train="soup\tB-food\n")
    regularization = Regularization(num_external_types=1)
    data = _fitting(backbone, toy_root, train=["toy", "other"], regularization=regularization)
    types = {e.dataset: set(e.types) for batch in data.train_dataloader() for e in batch.examples}
    assert types["toy"] == {"person", "place", "food"}
    assert len(types["other"]) == 2


def test_a_cap_samples_with_the_seed(backbone: Backbone, write_dataset: Write) -> None:
    content = "".join(f"w{number}\tO\n\n" for number in range(50))
    root = write_dataset(train=content, dev=content)

    def chosen(seed: int) -> list[str]:
        data = _fitting(backbone, root, max_examples_per_dataset=5, max_eval_examples_per_dataset=7, seed=seed)
        assert len(data.examples["dev"]) == 7
        return [example.words[0] for example in data.examples["train"]]

    assert chosen(0) == chosen(0) != chosen(1)
    assert chosen(0) != [f"w{number}" for number in range(5)]
    assert len(set(chosen(0))) == 5


def test_long_sentences_leave_training_and_stay_in_validation_and_both_is_said(
    backbone: Backbone, write_dataset: Write
) -> None:
    long = "word\tO\n" * 60 + "London\tB-place\n"
    root = write_dataset(train=f"short\tO\n\n{long}", dev=long)
    with pytest.warns(UserWarning) as caught:
        data = _fitting(backbone, root, max_answer_tokens=100)
    messages = [str(warning.message) for warning in caught]
    assert any(m.startswith("train: 1 of 2 sentences") and "train.txt:3" in m for m in messages)
    assert any(m.startswith("dev: 1 of 1 sentences") and "kept whole" in m for m in messages)
    assert _words(list(data.train_dataloader())) == [("short",)]
    [batch] = data.val_dataloader()
    assert batch.examples[0].tags[-1] == "B-place"
    assert backbone.tokenizer.decode(batch.labels[0, :-1]).endswith("London(B-place)")


def test_training_on_nothing_is_refused(backbone: Backbone, toy_root: Path) -> None:
    with pytest.warns(UserWarning), pytest.raises(UserError, match="No training sentence is left"):
        _fitting(backbone, toy_root, max_input_tokens=5)


def test_what_the_backbone_cannot_read_is_refused_with_its_line(
    checkpoints: dict[str, Path], write_dataset: Write
) -> None:
    backbone = Backbone(str(checkpoints["causal"]))
    backbone.config.max_position_embeddings = 500
    root = write_dataset(train="x\tO\n", dev="x\tO\n\n" + "word\tO\n" * 200)
    with pytest.raises(UserError, match=r"dev.txt:3: the sentence needs \d+ tokens .* at most 500"):
        _fitting(backbone, root)


@pytest.mark.parametrize(("option", "key"), [("train", "train"), ("val", "val")])
def test_a_stage_without_data_is_refused_with_its_key(
    backbone: Backbone, toy_root: Path, option: str, key: str
) -> None:
    with pytest.raises(UserError, match=rf"Set data\.{key}"):
        _fitting(backbone, toy_root, **{option: []})


def test_a_tokenizer_is_trained_on_the_training_split(toy_root: Path) -> None:
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    backbone = Backbone(FromScratch("llama", 700, sizes))
    data = _fitting(backbone, toy_root)
    assert backbone.tokenizer.tokenize("London")[0] == "ĠLondon"
    assert len(list(data.train_dataloader())) == 1


def test_evaluating_a_model_from_nothing_needs_a_checkpoint(toy_root: Path) -> None:
    data = _data(Backbone(FromScratch("llama", 400)), toy_root)
    with pytest.raises(UserError, match="--ckpt_path best"):
        data.setup("validate")


def test_the_made_up_corpus_is_written_when_it_is_asked_for_by_name(backbone: Backbone, tmp_path: Path) -> None:
    synthetic = SyntheticCorpus(num_train=6, num_dev=2)
    data = _fitting(backbone, tmp_path, synthetic=synthetic, train=["synthetic"], val=["synthetic"])
    assert len(data.examples["train"]) == 6
    elsewhere = tmp_path / "elsewhere"
    _data(backbone, elsewhere, synthetic=synthetic).prepare_data()
    assert not elsewhere.exists()


@pytest.mark.parametrize("num_workers", [0, 1])
@pytest.mark.parametrize("num_seen", [0, 1, 3, 4, 6])
def test_a_loader_goes_on_where_another_stopped(
    num_seen: int, num_workers: int, backbone: Backbone, toy_root: Path
) -> None:
    def batches(data: GnerDataModule) -> Iterator[list[list[int]]]:
        """Three a pass."""
        loader = data.train_dataloader()
        while True:
            yield from (batch.input_ids.tolist() for batch in loader)

    options: dict[str, Any] = {"batch_size": 2, "num_workers": num_workers}
    first = _fitting(backbone, toy_root, **options)
    expected = list(islice(batches(first), 9))
    stopped = _fitting(backbone, toy_root, **options)
    seen = list(islice(batches(stopped), num_seen))
    following = _fitting(backbone, toy_root, **options)
    following.load_state_dict(stopped.state_dict())
    assert seen + list(islice(batches(following), 9 - num_seen)) == expected


def test_a_loader_goes_on_with_another_number_of_processes(backbone: Backbone, toy_root: Path) -> None:
    def positions(loader: BatchLoader, num_batches: int | None = None) -> list[int]:
        return [position for batch in islice(loader, num_batches) for position in batch.positions]

    data = _fitting(backbone, toy_root, batch_size=1)
    template = data.train_dataloader()
    dataset = template.dataset

    def loader(rank: int, num_ranks: int) -> BatchLoader:
        sampler = TrainSampler([1] * len(dataset), 1, seed=0, rank=rank, num_ranks=num_ranks)  # type: ignore[arg-type]
        return BatchLoader(dataset, sampler=sampler, batch_size=None)  # type: ignore[arg-type]

    two = [loader(rank, 2) for rank in range(2)]
    seen = [position for one in two for position in positions(one, 2)]
    alone = loader(0, 1)
    alone.load_state_dict(two[0].state_dict())
    assert sorted(seen + positions(alone)) == [0, 1, 2, 3, 4]
    back = loader(0, 2)
    start = loader(0, 1)
    first = positions(start, 2)
    back.load_state_dict(start.state_dict())
    assert not set(first) & set(positions(back))


def _write_sources(folder: Path) -> Path:
    rows = [{"tokens": ["soup", str(number)], "tags": ["B-food", "O"]} for number in range(4)]
    for split in ("train", "valid", "test"):
        write_json(folder / f"{split}.jsonl", rows, lines=True)
    return folder


def test_sources_are_mixed_with_data_sets_by_name(backbone: Backbone, toy_root: Path, tmp_path: Path) -> None:
    source = Source(str(_write_sources(tmp_path)), name="kitchen", weight=2.0)
    data = _fitting(backbone, toy_root, train=["toy", source], val=[Source(str(tmp_path), name="kitchen"), "toy"])
    assert data.entity_types() == {"toy": ("person", "place"), "kitchen": ("food",)}
    seen = [example.words for batch in data.train_dataloader() for example in batch.examples]
    assert len(seen) == 5 + 2 * 4
    assert seen.count(("soup", "0")) == 2
    assert {example.dataset for batch in data.val_dataloader() for example in batch.examples} == {"toy", "kitchen"}


def test_a_sentence_that_is_seen_twice_is_changed_anew(backbone: Backbone, toy_root: Path, tmp_path: Path) -> None:
    source = Source(str(_write_sources(tmp_path)), types=[f"type{number}" for number in range(30)] + ["food"], weight=2)
    data = _fitting(backbone, toy_root, train=[source])
    types = [example.types for batch in data.train_dataloader() for example in batch.examples]
    assert len(set(types)) == len(types) == 8


def test_limits_of_sources(backbone: Backbone, toy_root: Path, tmp_path: Path) -> None:
    source = Source(str(_write_sources(tmp_path)), max_examples=3)
    data = _fitting(backbone, toy_root, train=[source, "toy"], max_examples_per_dataset=2)
    assert [example.dataset for example in data.examples["train"]] == [tmp_path.name] * 3 + ["toy"] * 2


def test_examples_with_lists_of_their_own_are_counted_together(backbone: Backbone, tmp_path: Path) -> None:
    rows = [{"tokenized_text": ["Ada"], "ner": [[0, 0, "person"]], "ner_negatives": [name]} for name in ("a", "b")]
    write_json(tmp_path / "train.json", rows)
    source = Source(str(tmp_path / "train.json"))
    data = _fitting(backbone, tmp_path, train=[source], val=[source])
    assert data.entity_types() == {tmp_path.name: ("person", "a", "b")}


def test_a_checkpoint_tells_what_was_trained_on_and_need_not(backbone: Backbone, toy_root: Path) -> None:
    data = _fitting(backbone, toy_root)
    state = data.state_dict()
    assert state["longest_sentence"] == 11
    assert state["types"] == {"toy": ["person", "place"]}
    _fitting(backbone, toy_root).load_state_dict({"train_progress": None})


def test_what_happened_to_annotations_is_warned_of(backbone: Backbone, toy_root: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "a.jsonl", [{"text": "London-based", "spans": [[0, 6, "place"]]}], lines=True)
    with pytest.warns(
        UserWarning, match=r"a.jsonl: Spans that start or end within a word, widened to whole words: 1; the first"
    ):
        _fitting(backbone, toy_root, train=[Source(str(tmp_path / "a.jsonl"))])


def test_two_data_sets_of_one_name_are_refused_where_they_are_scored(
    backbone: Backbone, toy_root: Path, tmp_path: Path
) -> None:
    sources = [Source(str(_write_sources(tmp_path))), Source(str(tmp_path / "test.jsonl"))]
    assert _fitting(backbone, toy_root, train=sources).entity_types()[tmp_path.name] == ("food",)
    with pytest.raises(UserError, match=r"two datasets of this split are called .* Set a unique `name`"):
        _fitting(backbone, toy_root, val=sources)


def test_a_source_is_divided_for_training_and_validation(backbone: Backbone, tmp_path: Path) -> None:
    rows = [{"tokens": ["Ada", str(number)], "tags": ["B-person", "O"]} for number in range(20)]
    write_json(tmp_path / "a.jsonl", rows, lines=True)
    source = Source(str(tmp_path / "a.jsonl"), split={"dev": 0.2, "test": 0.1})
    data = _fitting(backbone, tmp_path, train=[source], val=[source], test=[source])
    data.setup("test")
    assert [len(data.examples[split]) for split in ("train", "dev", "test")] == [14, 4, 2]
    again = _fitting(backbone, tmp_path, train=[source], val=[source], seed=1)
    assert again.examples["dev"] == data.examples["dev"]


def test_a_source_that_is_trained_on_and_validated_on_is_warned_of(backbone: Backbone, tmp_path: Path) -> None:
    write_json(tmp_path / "a.jsonl", [{"tokens": ["Ada"], "tags": ["B-person"]}], lines=True)
    source = Source(str(tmp_path / "a.jsonl"))
    with pytest.warns(UserWarning, match=r"1 of 1 sentences of `a` \(the first: .*a.jsonl:1, .* can be divided"):
        _fitting(backbone, tmp_path, train=[source], val=[source])
