"""Examples and final metrics in the loggers of a run."""

import csv
from pathlib import Path
from typing import Any

import yaml
from lightning.pytorch.loggers import CSVLogger, MLFlowLogger, TensorBoardLogger, WandbLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gner.decoding.shown_examples import show_text
from tests.runs import metrics_of, run_command


class _Wandb(WandbLogger):
    """Takes what its own library, which is not installed for tests, would be given."""

    def __init__(self) -> None:
        self.logged: list[tuple[str, dict[str, Any]]] = []

    def log_text(self, key: str, *args: Any, **options: Any) -> None:
        self.logged.append((key, options))


class _MLFlow(MLFlowLogger):
    """The same."""

    def __init__(self) -> None:
        self.logged: list[tuple[str, str, str]] = []

    @property
    def run_id(self) -> str:
        return "run7"

    @property
    def experiment(self) -> Any:
        return self

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        self.logged.append((run_id, text, artifact_file))


def test_each_logger_is_given_texts_in_its_own_way(tmp_path: Path) -> None:
    wandb, mlflow = _Wandb(), _MLFlow()
    board = TensorBoardLogger(tmp_path, name="", version="logs")
    show_text([wandb, mlflow, board, CSVLogger(tmp_path)], "val/examples", "**Ada**", step=3)
    board.experiment.close()
    assert wandb.logged == [("val/examples", {"columns": ["text"], "data": [["**Ada**"]], "step": 3})]
    assert mlflow.logged == [("run7", "**Ada**", "val/examples_3.md")]
    events = EventAccumulator(str(tmp_path / "logs"))
    events.Reload()
    assert events.Tags()["tensors"] == ["val/examples/text_summary"]


def test_final_metrics_reach_whichever_logger_is_set(config: Path, tmp_path: Path) -> None:
    run, logs = tmp_path / "run", tmp_path / "csv"
    logger = {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": str(logs)}}
    more = tmp_path / "more.yaml"
    more.write_text(yaml.safe_dump({"trainer": {"logger": [logger]}}), encoding="utf-8")
    options = ["--config", str(more), "--trainer.default_root_dir", str(run)]
    run_command("fit", config, *options, "--trainer.max_steps", "2")
    run_command("test", config, *options, "--ckpt_path", "best")
    rows = [list(csv.DictReader(file.open(encoding="utf-8"))) for file in sorted(logs.rglob("metrics.csv"))]
    fit, test = rows
    results = metrics_of(run)
    [best] = [float(row["best/f1"]) for row in fit if row.get("best/f1")]
    assert best == results["best"]["metrics"]["val/f1"]
    [tested] = [float(row["test/f1"]) for row in test if row.get("test/f1")]
    assert tested == results["test"]["metrics"]["test/f1"]
