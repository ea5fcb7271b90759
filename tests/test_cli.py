"""All commands, as a user runs them, on tiny models."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gner.cli import Command, GnerCLI, main
from gner.config_parser import with_resolved_names
from gner.decoding import BeamSearch
from gner.inference.strategies import find_strategy
from gner.models import GnerModule
from gner.run_dir import find_checkpoint, replace
from tests.conftest import KINDS
from tests.data.writers import write_json

REPOSITORY = Path(__file__).parents[1]
CONFIGS = sorted((REPOSITORY / "configs").rglob("*.yaml"))


def _run(command: Command, config: Path, *options: str) -> None:
    main(command, ["--config", str(config), *options])


def _metrics(run: Path) -> dict[str, Any]:
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def _rows(run: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "predictions" / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_config_parses(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(REPOSITORY)
    with pytest.raises(SystemExit) as ended:
        main("fit", ["--config", str(path), "--print_config"])
    assert ended.value.code in (0, None)
    assert "backbone:" in capsys.readouterr().out


def test_the_documented_configs_are_shipped() -> None:
    names = {path.name for path in CONFIGS}
    assert {"quickstart.yaml", "quickstart_seq2seq.yaml", "mit_restaurant.yaml"} <= names
    assert {"flan_t5_large.yaml", "llama7b_fsdp.yaml"} <= names


@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_fit_validates_by_generation_and_writes_all_outputs_to_the_run_folder(
    config: Path, tmp_path: Path, capsys: Any
) -> None:
    _run("fit", config)
    run = tmp_path / "run"
    metrics = _metrics(run)
    assert metrics["last"]["step"] == 4
    assert {"val/loss", "val/f1", "val/f1_gner", "val/f1_macro", "val/toy/f1", "val/omissions"} <= set(
        metrics["last"]["metrics"]
    )
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    for name in ("val_best.jsonl", "val_last.jsonl"):
        assert [row["instance"]["id"] for row in _rows(run, name)] == ["0", "1", "2", "3", "4"]
    assert set(_rows(run, "val_last.jsonl")[0]) == {
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


def test_validate_test_and_predict_use_the_same_config(config: Path, tmp_path: Path) -> None:
    _run("fit", config)
    run = tmp_path / "run"
    best = _metrics(run)["best"]["metrics"]["val/f1"]
    last = _rows(run, "val_last.jsonl")
    _run("validate", config, "--ckpt_path", "last")
    assert _rows(run, "validate.jsonl") == last
    _run("test", config, "--ckpt_path", str(run / "checkpoints" / "best.ckpt"))
    test = _metrics(run)["test"]["metrics"]  # the splits of the toy data are the same
    assert test["test/f1"] == best
    _run("predict", config, "--ckpt_path", "best")
    written = [row["prediction"] for row in _rows(run, "predict.jsonl")]
    assert written == [row["prediction"] for row in _rows(run, "test.jsonl")]


def test_a_resumed_run_continues_and_keeps_its_best_result(config: Path, tmp_path: Path) -> None:
    _run("fit", config)
    run = tmp_path / "run"
    before = _metrics(run)
    _run("fit", config, "--ckpt_path", "last", "--trainer.max_steps", "6")
    after = _metrics(run)
    assert after["last"]["step"] == 6
    assert after["best"]["metrics"]["val/f1"] >= before["best"]["metrics"]["val/f1"]
    assert not (tmp_path / "run.1").exists()


def test_the_best_metrics_belong_to_the_best_checkpoint(config: Path, tmp_path: Path) -> None:
    _run("fit", config, "--checkpoint.monitor", "val/loss", "--checkpoint.mode", "min", "--model.optimization.lr", "3")
    run = tmp_path / "run"
    checkpoint = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    best, last = _metrics(run)["best"], _metrics(run)["last"]
    assert checkpoint["global_step"] == best["step"] < last["step"]
    assert best["metrics"]["val/loss"] < last["metrics"]["val/loss"]


def test_a_new_run_moves_the_earlier_one_aside(config: Path, tmp_path: Path) -> None:
    for _ in range(2):
        _run("fit", config, "--trainer.max_steps", "2")
    for name in ("run", "run.1"):
        assert (tmp_path / name / "config.yaml").exists()


def test_a_model_from_scratch_keeps_its_tokenizer_in_the_checkpoint(config: Path, tmp_path: Path) -> None:
    sizes = "{hidden_size: 16, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2}"
    backbone = ["--model.backbone", f"{{from_scratch: llama, vocab_size: 300, config: {sizes}}}"]
    _run("fit", config, *backbone)
    run = tmp_path / "run"
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    assert yaml.safe_load(checkpoint["gner_config"])["model"]["backbone"]["from_scratch"] == "llama"
    assert (run / "tokenizer" / "tokenizer.json").exists()
    expected = _rows(run, "val_last.jsonl")
    _run("validate", run / "config.yaml", "--ckpt_path", "last", "--data.train", "[]")
    assert _rows(run, "validate.jsonl") == expected


def test_only_some_validations_and_examples_are_decoded(config: Path, tmp_path: Path) -> None:
    options = ["--evaluation.every_n_validations", "2", "--evaluation.max_examples", "3"]
    _run("fit", config, *options, "--trainer.max_steps", "6")
    run = tmp_path / "run"
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("val/f1")] == [1, 5]
    assert [event.step for event in events.Scalars("val/loss")] == [1, 3, 5]
    assert len(_rows(run, "val_last.jsonl")) == 3


def test_a_config_mixes_sources_and_dataset_names(config: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "train.jsonl", [{"text": "Ada left.", "spans": [[0, 3, "PER"]]}] * 2, lines=True)
    source = {"path": str(tmp_path / "train.jsonl"), "name": "own", "weight": 2, "types": {"PER": "person"}}
    _run("fit", config, "--data.train", json.dumps(["toy", source]), "--data.val", json.dumps([source, "toy"]))
    saved = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["data"]
    assert saved["train"][1] == {**saved["train"][1], **source}
    assert {row["dataset"] for row in _rows(tmp_path / "run", "val_last.jsonl")} == {"toy", "own"}
    assert "val/own/f1" in _metrics(tmp_path / "run")["last"]["metrics"]
    state = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["GnerDataModule"]
    assert (state["longest_sentence"], state["types"]["own"]) == (11, ["person"])
    _run("validate", tmp_path / "run" / "config.yaml", "--ckpt_path", "best")


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
        _run("fit", config, "--data.train", json.dumps([source]))
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_interpolation_uses_values_from_the_command_line(config: Path) -> None:
    options = ["--data.eval_batch_size", "${data.batch_size}", "--data.batch_size=3"]
    cli = GnerCLI("fit", ["--config", str(config), *options])
    assert cli.config.data.eval_batch_size == 3


def test_later_configs_win(config: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("trainer: {max_steps: 9}\n", encoding="utf-8")
    assert GnerCLI("fit", ["--config", str(config), "--config", str(other)]).trainer.max_steps == 9


@pytest.mark.parametrize("name", ["beam_search", "beam-search", "BEAMSEARCH", "gner.decoding.BeamSearch"])
def test_a_strategy_has_the_same_names_as_in_prediction(name: str, config: Path, tmp_path: Path) -> None:
    in_file = tmp_path / "named.yaml"
    in_file.write_text(yaml.safe_dump({"model": {"decoding": name}}), encoding="utf-8")
    for options in (["--config", str(in_file)], ["--model.decoding", name], [f"--model.decoding.class_path={name}"]):
        chosen = GnerCLI("fit", ["--config", str(config), *options]).model.decoding
        assert type(chosen) is type(find_strategy(name)) is BeamSearch


def test_only_names_of_strategies_and_formats_are_resolved() -> None:
    others = [
        "--data.root",
        "decoding",
        "greedy",
        "--trainer.default_root_dir=beam_search",
        "--model.backbone",
        "greedy",
    ]
    assert with_resolved_names(others) == others
    assert with_resolved_names(["--model.decoding", "greedy"]) == ["--model.decoding", "Greedy"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model.format", "gner.formats.GnerFormat"], r"new class_path is gner\.prompting\.GnerFormat"),
        (["--model.optimisation.lr", "1"], "model.optimisation.lr.*\n.*model.optimization.lr"),
        (["--data.batchsize", "1"], "data.batchsize.*\n.*data.batch_size"),
        (["--data.batch_size", "many"], r"data.batch_size.*\n.*many"),
        (["--model.decoding", "BeamSarch"], "BeamSarch(.|\n)*There are: BeamSearch,.* Greedy, NucleusSampling"),
        (["--model.decoding.init_args.num_beems", "3"], "num_beems.*\n.*num_beams"),
        (["--trainer.max_step", "3"], "trainer.max_step .*\n.*trainer.max_steps"),
        (["--model.backbone", "{from_scratch: lama}"], r"Did you mean `llama`.*Set model\.backbone\.from_scratch"),
        (["--model.format.context_window", "x"], "context_window"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
        (["--model.backbone", "./no/folder"], r"no/folder.*Set model\.backbone"),
        (["--data.train", "[toyy]"], r"toyy.*Did you mean `toy`"),
        (["--data.root", "/nowhere"], r"/nowhere.*Set data\.root"),
        (["--ckpt_path", "best"], r"Expected a checkpoint at .*best\.ckpt"),
        (["--ckpt_path", "x.ckpt"], r"Expected a checkpoint at x\.ckpt"),
        (["--data.batch_size", "${data.bach_size}"], "data.bach_size"),
        (["--data.batch_size", "0"], r"Set data\.batch_size"),
    ],
)
def test_mistakes_end_with_a_message_before_any_weights_load(
    options: list[str], message: str, config: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gner.models.backbone.Backbone.build", lambda self: pytest.fail("weights were loaded"))
    with pytest.raises(SystemExit) as ended:
        _run("fit", config, *options)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("gner: ")
    assert "Traceback" not in error
    assert re.search(message, error), error


def test_an_unknown_key_in_a_file_is_refused_with_the_nearest(config: Path, tmp_path: Path, capsys: Any) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("data: {max_example_per_dataset: 9}\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        _run("fit", config, "--config", str(other))
    error = capsys.readouterr().err
    assert "max_example_per_dataset" in error
    assert "Did you mean `data.max_examples_per_dataset`" in error


@pytest.mark.slow
def test_two_processes_give_the_same_metrics_as_one(config: Path, tmp_path: Path) -> None:
    _run("fit", config)
    run = tmp_path / "run"
    expected, metrics = _rows(run, "val_last.jsonl"), _metrics(run)["last"]["metrics"]
    command = [sys.executable, "-m", "gner.test", "--config", str(config), "--ckpt_path", "last"]
    two = ["--trainer.devices", "2", "--trainer.strategy", "ddp"]
    subprocess.run([*command, *two], check=True, timeout=900, cwd=REPOSITORY, env=os.environ)
    test = _metrics(run)["test"]["metrics"]
    assert {name.removeprefix("test/"): value for name, value in test.items() if "loss" not in name} == {
        name.removeprefix("val/"): value for name, value in metrics.items() if "loss" not in name
    }
    rows = [{**row, "split": "val"} for row in _rows(run, "test.jsonl")]
    assert rows == expected


@pytest.mark.parametrize("config", ["causal", pytest.param("seq2seq", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize(
    "case",
    [
        *((step, 1, "on_train_batch_start") for step in (3, 8)),
        (6, None, "on_train_batch_start"),
        (4, 1, "on_validation_batch_start"),
        *(
            pytest.param(case, marks=pytest.mark.slow)
            for case in (
                (1, 1, "on_train_batch_start"),
                (5, 1, "on_train_batch_start"),
                (6, 1, "on_train_epoch_end"),
                (8, None, "on_train_batch_start"),
                (12, 1, "on_validation_epoch_end"),
            )
        ),
    ],
)
def test_a_resumed_run_ends_like_an_uninterrupted_one(
    case: tuple[int, int | None, str], config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three batches an epoch, dropout, shuffled types and a schedule; interrupted within epochs and between them.

    Saved after every step, or after validations, at steps 4 and 8.
    """
    interrupted_after, saved_every, hook = case
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["model"]["optimization"] |= {"schedule": "linear", "warmup_ratio": 0.2}
    settings["model"]["lora"] = {"r": 2, "dropout": 0.3, "target_modules": "all-linear"}
    settings["trainer"] |= {"max_steps": 12, "val_check_interval": 4, "max_epochs": 10}
    if saved_every is not None:
        settings["last_checkpoint"] = {"every_n_train_steps": saved_every}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")

    def weights(run: Path) -> dict[str, Any]:
        return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)

    _run("fit", config, "--trainer.default_root_dir", str(tmp_path / "whole"))
    expected = weights(tmp_path / "whole")
    original = getattr(GnerModule, hook)

    def interrupt(self: GnerModule, *arguments: Any) -> Any:
        if self.global_step == interrupted_after:
            raise ConnectionError("the power went off")
        return original(self, *arguments)

    with monkeypatch.context() as patch, pytest.raises(ConnectionError):
        patch.setattr(GnerModule, hook, interrupt)
        _run("fit", config)
    torch.manual_seed(99)
    _run("fit", config, "--ckpt_path", "last")
    found = weights(tmp_path / "run")
    assert found["global_step"] == expected["global_step"] == 12
    for name, value in expected["state_dict"].items():
        assert torch.equal(found["state_dict"][name], value), name
    assert _metrics(tmp_path / "run") == _metrics(tmp_path / "whole")


@pytest.mark.parametrize("config", ["causal"], indirect=True)
def test_a_run_that_ended_with_an_epoch_is_extended(config: Path, tmp_path: Path) -> None:
    def fit(run: str, num_epochs: int, *more: str) -> dict[str, Any]:
        limits = ["--trainer.max_steps", "-1", "--trainer.max_epochs", str(num_epochs)]
        folder = tmp_path / run
        _run("fit", config, *limits, *more, "--trainer.default_root_dir", str(folder))
        return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)

    whole = fit("whole", 3)
    fit("parts", 1)
    parts = fit("parts", 3, "--ckpt_path", "last")
    assert parts["global_step"] == whole["global_step"]
    assert all(torch.equal(value, parts["state_dict"][name]) for name, value in whole["state_dict"].items())


@pytest.mark.slow
@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_sharded_training_resumes_and_is_tested_on_other_numbers_of_processes(config: Path, tmp_path: Path) -> None:
    def run(command: Command, devices: int, *options: str) -> str:
        strategy = ["--trainer.strategy", "gner.models.FSDP2Strategy", "--trainer.strategy.compute_dtype", "fp32"]
        arguments = ["--config", str(config), "--trainer.devices", str(devices), *strategy, *options]
        process = subprocess.run(
            ["timeout", "-k", "3", "900", sys.executable, "-m", f"gner.{command}", *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env=os.environ,
        )
        assert process.returncode == 0, process.stderr[-3000:]
        return process.stdout

    run("fit", 2, "--trainer.gradient_clip_val", "1.0")
    assert {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    last = _metrics(tmp_path / "run")["last"]
    for devices in (1, 2):
        run("test", devices, "--ckpt_path", "last")
        test = _metrics(tmp_path / "run")["test"]["metrics"]
        for name in ("f1", "precision_gner", "omissions", "runaways"):
            assert test[f"test/{name}"] == last["metrics"][f"val/{name}"]
    run("fit", 2, "--ckpt_path", "last", "--trainer.max_steps", "6")
    assert _metrics(tmp_path / "run")["last"]["step"] == 6
    run("fit", 1, "--ckpt_path", "last", "--trainer.max_steps", "10")
    after = _metrics(tmp_path / "run")["last"]
    assert (after["step"], after["epoch"]) == (10, 4)  # 3 epochs of 2 steps on two processes, then of 3 steps on one
    with pytest.raises(SystemExit):
        _run("test", config, "--ckpt_path", "last")


@pytest.mark.parametrize("kinds", ["file file", "file folder", "folder file", "folder folder"])
def test_a_checkpoint_replaces_one_of_another_kind(kinds: str, tmp_path: Path) -> None:
    def make(kind: str, name: str) -> Path:
        path = tmp_path / name
        if kind == "folder":
            path.mkdir()
        file = path / "meta.pt" if kind == "folder" else path
        file.write_text(name, encoding="utf-8")
        return path

    before, after = kinds.split()
    path = make(before, "last.ckpt")
    for number in range(2):
        replace(path, make(after, f"new{number}"))
        assert list(tmp_path.iterdir()) == [path]
        assert path.is_dir() == (after == "folder")


def test_a_checkpoint_with_other_sharding_is_refused(config: Path, tmp_path: Path, capsys: Any) -> None:
    _run("fit", config)
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    for optimizer in checkpoint["optimizer_states"]:
        optimizer["state"] = {f"weight{key}": value for key, value in optimizer["state"].items()}
    torch.save(checkpoint, path)
    with pytest.raises(SystemExit):
        _run("fit", config, "--ckpt_path", "last")
    assert "is from a run with FSDP2Strategy" in capsys.readouterr().err


def test_a_checkpoint_is_found_after_a_kill_while_it_was_replaced(tmp_path: Path) -> None:
    last = tmp_path / "checkpoints" / "last.ckpt"
    unfinished = last.with_name("new")
    for folder, text in ((last, "old"), (unfinished, "new")):
        folder.mkdir(parents=True)
        (folder / "meta.pt").write_text(text, encoding="utf-8")
    last.rename(last.with_name("last.ckpt.previous"))  # as after a kill at this moment
    assert (find_checkpoint(tmp_path, "last") / "meta.pt").read_text(encoding="utf-8") == "old"
    replace(last, unfinished)
    assert (find_checkpoint(tmp_path, "last") / "meta.pt").read_text(encoding="utf-8") == "new"
    assert [path.name for path in last.parent.iterdir()] == ["last.ckpt"]
