"""The datasets of a run."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.data.writers import write_json
from tests.runs import metrics_of, rows_of, run_command


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
        ({"path": "x", "wieght": 2}, "Did you mean weight?"),
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
