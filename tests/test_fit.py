"""``python -m gner.fit`` end to end."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.conftest import KINDS
from tests.runs import metrics_of, rows_of, run_command


@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_fit_validates_by_generation_and_writes_all_outputs_to_the_run_folder(
    config: Path, tmp_path: Path, capsys: Any
) -> None:
    run_command("fit", config)
    run = tmp_path / "run"
    metrics = metrics_of(run)
    assert metrics["last"]["step"] == 4
    assert {"val/loss", "val/f1", "val/f1_gner", "val/f1_macro", "val/toy/f1", "val/omissions"} <= set(
        metrics["last"]["metrics"]
    )
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    for name in ("val_best.jsonl", "val_last.jsonl"):
        assert [row["instance"]["id"] for row in rows_of(run, name)] == ["0", "1", "2", "3", "4"]
    assert set(rows_of(run, "val_last.jsonl")[0]) == {
        *("dataset", "split", "label_list", "instance", "prediction", "finished", "tags", "entities", "format")
    }
    assert yaml.safe_load((run / "config.yaml").read_text())["trainer"]["max_steps"] == 4
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    assert {"train/loss", "val/loss", "val/f1", "val/precision_gner"} <= set(events.Tags()["scalars"])
    assert {"train/tokens_per_s", "train/padding", "train/step_s", "train/memory_gib", "val/seconds"} <= set(
        events.Tags()["scalars"]
    )
    assert any(tag.startswith("val/examples") for tag in events.Tags()["tensors"])
    shown = capsys.readouterr().out
    assert "val/f1" in shown
    assert "person" in shown
    assert f"tensorboard --logdir {run / 'tensorboard'}" in shown.replace("\n", "")


def test_a_model_from_scratch_keeps_its_tokenizer_in_the_checkpoint(config: Path, tmp_path: Path) -> None:
    sizes = "{hidden_size: 16, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2}"
    backbone = ["--model.backbone", f"{{from_scratch: llama, vocab_size: 300, config: {sizes}}}"]
    run_command("fit", config, *backbone)
    run = tmp_path / "run"
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    assert yaml.safe_load(checkpoint["gner_config"])["model"]["backbone"]["from_scratch"] == "llama"
    assert (run / "tokenizer" / "tokenizer.json").exists()
    expected = rows_of(run, "val_last.jsonl")
    run_command("validate", run / "config.yaml", "--ckpt_path", "last", "--data.train", "[]")
    assert rows_of(run, "validate.jsonl") == expected
