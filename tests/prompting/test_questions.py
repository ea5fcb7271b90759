"""A format with several queries a sentence goes all the way: training, every strategy, scores, resuming, prediction."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from gner import GNER
from gner.cli import main
from gner.score import main as score
from tests.conftest import KINDS, TRAINED_SIZES
from tests.processes import run_processes
from tests.prompting.questions import QuestionFormat

FORMAT = {"class_path": "tests.prompting.questions.QuestionFormat", "init_args": {"conversation": False}}


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The format is an entry point of an installed package, as files may name nothing else."""
    package = tmp_path / "questions-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: questions\nVersion: 1\n", encoding="utf-8")
    value = "QuestionFormat = tests.prompting.questions:QuestionFormat"
    (package / "entry_points.txt").write_text(f"[gner.formats]\n{value}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def config(request: pytest.FixtureRequest, toy_root: Path, tmp_path: Path) -> Path:
    """A fit of a tiny model of the kind that the test is parametrized with."""
    model_type, sizes = TRAINED_SIZES[request.param]
    settings: dict[str, Any] = {
        "model": {
            "backbone": {"from_scratch": model_type, "vocab_size": 330, "config": sizes},
            "format": FORMAT,
            "decoding": {"class_path": "Greedy"},
            "optimization": {"lr": 0.01},
        },
        "data": {"root": str(toy_root), "train": ["toy"], "val": ["toy"], "test": ["toy"], "batch_size": 10},
        "trainer": {
            "default_root_dir": str(tmp_path / "run"),
            "accelerator": "cpu",
            "enable_progress_bar": False,
            "max_steps": 250,
            "val_check_interval": 250,
            "check_val_every_n_epoch": None,
        },
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


def _rows(run: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "predictions" / name).read_text(encoding="utf-8").splitlines()]


def _metrics(run: Path, stage: str) -> dict[str, float]:
    found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))[stage]["metrics"]
    return {name.partition("/")[2]: value for name, value in found.items() if "loss" not in name}


@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_a_model_is_trained_scored_and_used(
    config: Path, tmp_path: Path, declared: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    main("fit", ["--config", str(config)])
    metrics = _metrics(run, "last")
    assert metrics["f1"] > 0.9
    assert metrics["f1_questions"] > 0.9 and "f1_gner" not in metrics
    assert metrics["toy/f1_questions_once"] == metrics["f1_questions_once_macro"] > 0.9
    rows = _rows(run, "val_last.jsonl")
    assert all(len(row["prediction"]) == len(row["label_list"]) for row in rows)
    assert rows[0]["format"] == {"class_path": "QuestionFormat", "init_args": {}}

    score([str(run / "predictions" / "val_last.jsonl"), "--json", str(tmp_path / "scores.json")])
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["all"]
    for name in ("f1", "f1_questions", "precision_questions", "recall_questions_once"):
        assert scores[name] == metrics[name]
    capsys.readouterr()

    model = GNER.from_pretrained(str(run))
    assert isinstance(model.labeller.format, QuestionFormat)
    found = model.predict_entities("Ada Lovelace wrote to London.", ["person", "place"], decoding="greedy")
    assert [(one["text"], one["label"]) for one in found] == [("Ada Lovelace", "person"), ("London", "place")]


@pytest.mark.parametrize("config", ["causal", pytest.param("seq2seq", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize("conversation", ["true", "false"])
def test_a_resumed_run_is_the_uninterrupted_one(config: Path, tmp_path: Path, conversation: str) -> None:
    options = ["--config", str(config), "--model.format.conversation", conversation, "--data.batch_size", "4"]
    options += ["--trainer.val_check_interval", "4", "--last_checkpoint.every_n_train_steps", "1"]

    def fit(run: str, num_steps: int, *more: str) -> dict[str, torch.Tensor]:
        folder = tmp_path / run
        main("fit", [*options, *more, "--trainer.max_steps", str(num_steps), "--trainer.default_root_dir", str(folder)])
        checkpoint = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
        weights: dict[str, torch.Tensor] = checkpoint["state_dict"]
        return weights

    whole = fit("whole", 8)
    fit("parts", 3)
    parts = fit("parts", 8, "--ckpt_path", "last")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())


def _fit(rank: int, config: Path, *options: str) -> None:
    main("fit", ["--config", str(config), *options])


def _test_on_two(rank: int, config: Path, strategy: str = "ddp", *more: str) -> None:
    options = ["--ckpt_path", "last", "--trainer.devices", "2", "--trainer.strategy", strategy]
    main("test", ["--config", str(config), *options, *more])


@pytest.mark.parametrize("config", ["causal", pytest.param("seq2seq", marks=pytest.mark.slow)], indirect=True)
def test_two_processes_score_as_one_does(config: Path, tmp_path: Path) -> None:
    main("fit", ["--config", str(config), "--trainer.max_steps", "30", "--data.eval_batch_size", "5"])
    expected = _metrics(tmp_path / "run", "last")
    run_processes(_test_on_two, 2, config)
    assert _metrics(tmp_path / "run", "test") == expected
    rows, scores = _without_scores(_rows(tmp_path / "run", "test.jsonl"))
    expected_rows, expected_scores = _without_scores(_rows(tmp_path / "run", "val_last.jsonl"))
    assert rows == expected_rows
    assert scores == pytest.approx(expected_scores, abs=2e-5)  # their last digit depends on how a batch was padded


@pytest.mark.slow
@pytest.mark.parametrize("config", KINDS, indirect=True)
@pytest.mark.parametrize("name", ["UniNerFormat", "InstructUieFormat", "GollieFormat"])
def test_every_shipped_list_format_is_trained_and_scored_on_two_processes_too(
    name: str, config: Path, tmp_path: Path
) -> None:
    options = ["--model.format", name, "--model.decoding", "Speculative", "--data.max_input_tokens", "2000"]
    sharded = json.dumps({"class_path": "gner.models.FSDP2Strategy"})
    steps = ["--trainer.max_steps", "40", "--trainer.val_check_interval", "40"]
    run_processes(_fit, 1, config, *options, *steps, "--trainer.strategy", sharded)
    expected = _metrics(tmp_path / "run", "last")
    assert f"f1_{name.removesuffix('Format').lower()}" in expected
    run_processes(_test_on_two, 2, config, sharded, *options)
    assert _metrics(tmp_path / "run", "test") == expected


def _without_scores(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[float]]:
    """Rows without the scores of entities and the split, and the scores."""
    scores = []
    for row in rows:
        row["split"] = ""
        scores += [entity.pop("score") for entity in row["entities"]]
    return rows, scores
