"""The datasets of a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from gner.data import Source
from gner.errors import UserError
from gner.models import Backbone
from tests.data.modules import fitting, write_sources
from tests.data.writers import write_json
from tests.runs import metrics_of, refused, rows_of, run_command

Write = Callable[..., Path]


def test_a_config_mixes_sources_and_dataset_names(config: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "train.jsonl", [{"text": "Ada left.", "spans": [[0, 3, "PER"]]}] * 2, lines=True)
    source = {"path": str(tmp_path / "train.jsonl"), "name": "own", "weight": 2, "types": {"PER": "person"}}
    run_command("fit", config, "--data.train", json.dumps(["toy", source]), "--data.val", json.dumps([source, "toy"]))
    saved = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["data"]
    assert saved["train"][1] == {**saved["train"][1], **source}
    assert {row["dataset"] for row in rows_of(tmp_path / "run", "val_last.jsonl")} == {"toy", "own"}
    assert "val/own/f1" in metrics_of(tmp_path / "run")["last"]["metrics"]
    state = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["GnerDataModule"]
    assert (state["longest_sentence"], state["types"]["own"]) == (11, ["person"])
    run_command("validate", tmp_path / "run" / "config.yaml", "--ckpt_path", "best")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"path": "x", "weight": -1}, "gner: x: expected `weight` > 0, got -1.0."),
        ({"path": "x", "wieght": 2}, "Did you mean `weight`?"),
        ({"name": "x"}, "path"),
        ({"path": "no/thing.json"}, "gner: Expected the file or folder no/thing.json, but it does not exist."),
    ],
)
def test_mistakes_in_sources_end_with_a_message(
    source: dict[str, Any], message: str, config: Path, capsys: Any
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command("fit", config, "--data.train", json.dumps([source]))
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_cap_samples_with_the_seed(backbone: Backbone, write_dataset: Write) -> None:
    content = "".join(f"w{number}\tO\n\n" for number in range(50))
    root = write_dataset(train=content, dev=content)

    def chosen(seed: int) -> list[str]:
        data = fitting(backbone, root, max_examples_per_dataset=5, max_eval_examples_per_dataset=7, seed=seed)
        assert len(data.examples["dev"]) == 7
        return [example.words[0] for example in data.examples["train"]]

    assert chosen(0) == chosen(0) != chosen(1)
    assert chosen(0) != [f"w{number}" for number in range(5)]
    assert len(set(chosen(0))) == 5


@pytest.mark.parametrize(("option", "key"), [("train", "train"), ("val", "val")])
def test_a_stage_without_data_is_refused_with_its_key(
    backbone: Backbone, toy_root: Path, option: str, key: str
) -> None:
    with pytest.raises(UserError, match=rf"Set data\.{key}"):
        fitting(backbone, toy_root, **{option: []})


def test_sources_are_mixed_with_data_sets_by_name(backbone: Backbone, toy_root: Path, tmp_path: Path) -> None:
    source = Source(str(write_sources(tmp_path)), name="kitchen", weight=2.0)
    data = fitting(backbone, toy_root, train=["toy", source], val=[Source(str(tmp_path), name="kitchen"), "toy"])
    assert data.entity_types() == {"toy": ("person", "place"), "kitchen": ("food",)}
    seen = [example.words for batch in data.train_dataloader() for example in batch.examples]
    assert len(seen) == 5 + 2 * 4
    assert seen.count(("soup", "0")) == 2
    assert {example.dataset for batch in data.val_dataloader() for example in batch.examples} == {"toy", "kitchen"}


def test_limits_of_sources(backbone: Backbone, toy_root: Path, tmp_path: Path) -> None:
    source = Source(str(write_sources(tmp_path)), max_examples=3)
    data = fitting(backbone, toy_root, train=[source, "toy"], max_examples_per_dataset=2)
    assert [example.dataset for example in data.examples["train"]] == [tmp_path.name] * 3 + ["toy"] * 2


def test_two_data_sets_of_one_name_are_refused_where_they_are_scored(
    backbone: Backbone, toy_root: Path, tmp_path: Path
) -> None:
    sources = [Source(str(write_sources(tmp_path))), Source(str(tmp_path / "test.jsonl"))]
    assert fitting(backbone, toy_root, train=sources).entity_types()[tmp_path.name] == ("food",)
    with pytest.raises(UserError, match=r"two datasets of this split are called .* Set a unique `name`"):
        fitting(backbone, toy_root, val=sources)


def test_all_datasets_that_are_missing_are_named_at_once(config: Path, capsys: Any) -> None:
    message = refused("fit", config, capsys, "--data.train", "[toy, bc2gm, ncbi]")
    assert message.startswith("Expected 3 datasets in ")
    assert "these do not exist: bc2gm, ncbi. There: toy." in message
