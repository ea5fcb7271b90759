"""What a config leaves open is chosen, told, and kept in the run's folder."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from jsonargparse import Namespace

from gner import run_defaults
from gner.models import FromScratch, Lora, TokenClassifier
from gner.run_defaults import choose, to_text
from tests.runs import metrics_of, run_command


def _config(**changes: Any) -> Namespace:
    config = Namespace()
    values = {
        "trainer.precision": None,
        "trainer.accelerator": "auto",
        "trainer.strategy": "auto",
        "ckpt_path": None,
        "trainer.callbacks": None,
        "trainer.plugins": None,
        "trainer.max_epochs": None,
        "trainer.max_steps": -1,
        "trainer.max_time": None,
        "model.backbone": "google/flan-t5-base",
        "model.lora": None,
        "model.optimization": Namespace(lr=None),
        "data.val": ["news"],
        "checkpoint.monitor": "val/f1",
        "checkpoint.mode": "max",
        **{name.replace("__", "."): value for name, value in changes.items()},
    }
    for key, value in values.items():
        config[key] = value
    return config


def _chosen(config: Namespace) -> dict[str, Any]:
    return {choice.key: choice.value for choice in choose(config)}


@pytest.mark.parametrize(
    ("changes", "rate"),
    [
        ({}, 5e-5),
        ({"model__lora": Lora()}, 2e-4),
        ({"model__backbone": FromScratch("llama")}, 1e-3),
        ({"model__backbone": TokenClassifier("bert-base-cased")}, 5e-5),
        ({"model__backbone": TokenClassifier(FromScratch("bert"))}, 1e-3),
        ({"model__optimization": Namespace(lr=0.5)}, 0.5),
    ],
)
def test_the_rate_depends_on_what_is_trained(changes: dict[str, Any], rate: float) -> None:
    config = _config(**changes)
    choose(config)
    assert config.model.optimization.lr == rate


@pytest.mark.parametrize("key", ["max_epochs", "max_steps"])
def test_a_run_that_says_how_long_it_is_ends_then(key: str) -> None:
    config = _config(**{f"trainer__{key}": 7})
    assert "trainer.max_epochs" not in _chosen(config)
    assert config.trainer.callbacks is None


def test_a_run_without_an_end_stops_when_nothing_improves() -> None:
    config = _config()
    assert _chosen(config)["trainer.max_epochs"] == run_defaults.MOST_EPOCHS
    [stopping] = config.trainer.callbacks
    assert stopping.class_path.endswith("EarlyStopping")
    assert (stopping.init_args.monitor, stopping.init_args.mode) == ("val/f1", "max")


@pytest.mark.parametrize(
    "changes",
    [
        {"data__val": []},
        {"checkpoint__monitor": None},
        {"trainer__callbacks": [Namespace(class_path="lightning.pytorch.callbacks.EarlyStopping")]},
    ],
)
def test_there_is_one_reason_to_stop_early_at_most(changes: dict[str, Any]) -> None:
    config = _config(**changes)
    assert "trainer.callbacks" not in _chosen(config)
    assert config.trainer.max_epochs == run_defaults.MOST_EPOCHS


@pytest.mark.parametrize(("lora", "precision"), [(None, "bf16-mixed"), (Lora(), "bf16-true")])
def test_gpus_with_bfloat16_compute_in_it(lora: Lora | None, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "trainer.precision" not in _chosen(_config())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert _chosen(_config(model__lora=lora))["trainer.precision"] == precision
    assert "trainer.precision" not in _chosen(_config(trainer__accelerator="cpu"))
    assert "trainer.precision" not in _chosen(_config(trainer__precision="32-true"))
    sharded = Namespace(class_path="gner.models.FSDP2Strategy", init_args=Namespace(compute_dtype="bf16"))
    assert "trainer.precision" not in _chosen(_config(trainer__strategy=sharded))
    assert "trainer.precision" not in _chosen(_config(trainer__plugins=[Namespace(class_path="MixedPrecision")]))


@pytest.mark.parametrize("stored", [None, "16-mixed"])
def test_a_checkpoint_is_used_in_the_precision_of_its_run(stored: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_defaults, "has_bfloat16", lambda accelerator: True)
    config = _config(ckpt_path="last")
    assert "trainer.precision" not in [choice.key for choice in choose(config, stored)]
    assert config.trainer.precision == stored
    given = _config(ckpt_path="last", trainer__precision="32-true")
    choose(given, stored)
    assert given.trainer.precision == "32-true"


def test_nothing_is_chosen_twice() -> None:
    config = _config()
    assert choose(config)
    assert choose(config) == []


def test_a_choice_is_told_with_its_reason() -> None:
    text = to_text(choose(_config()))
    assert "model.optimization.lr: 5e-05 (all weights of a pretrained model are trained)" in text
    assert "ends when val/f1 has not improved in 3 validations" in text


def test_a_fit_keeps_what_was_chosen(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    for key in ("max_steps", "val_check_interval", "check_val_every_n_epoch"):
        settings["trainer"].pop(key, None)
    del settings["model"]["optimization"]
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    monkeypatch.setattr(run_defaults, "MOST_EPOCHS", 2)
    run_command("fit", config)
    run = Path(settings["trainer"]["default_root_dir"])
    kept = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    assert kept["model"]["optimization"]["lr"] == 5e-5
    assert kept["trainer"]["max_epochs"] == 2
    assert kept["trainer"]["callbacks"][0]["class_path"].endswith("EarlyStopping")
    assert metrics_of(run)["last"]["step"] > 0
    run_command("fit", run / "config.yaml", "--ckpt_path", "last", "--trainer.max_epochs", "3")  # goes on with the same
    assert json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def test_a_fit_decodes_some_sentences_and_validate_all(config: Path) -> None:
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    run = Path(settings["trainer"]["default_root_dir"])
    run_command("fit", config, "--evaluation.max_examples", "2")
    last = metrics_of(run)["last"]
    assert sum(last["counted"]["examples"].values()) == 2
    run_command("validate", config, "--evaluation.max_examples", "2", "--ckpt_path", "last")
    assert sum(metrics_of(run)["validate"]["counted"]["examples"].values()) == 5
