"""A fit ends when its score is flat, but not while it is still zero."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from lightning import LightningModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from gner.early_stopping import EarlyStopping
from tests.runs import metrics_of, run_command


class _Scripted(LightningModule):
    """Logs given scores, one for each validation."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.scores = scores

    def training_step(self, batch: Tensor) -> Tensor:
        loss: Tensor = self.layer(batch).sum()
        return loss

    def validation_step(self, batch: Tensor) -> None:
        self.log("val/f1", self.scores[self.current_epoch])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.parametrize(
    ("scores", "mode", "epochs"),
    [
        ([0.0] * 6 + [0.1, 0.2, 0.2, 0.2, 0.3], "max", 10),  # two without an improvement after the eighth
        ([0.1, 0.1, 0.1, 0.5], "max", 3),
        ([0.1, 0.0, 0.0, 0.5], "max", 3),  # it has begun, and fell
        ([0.0] * 5, "max", 5),
        ([0.0] * 5, "min", 3),
        ([0.1, 0.2, 0.3, 0.4], "max", 4),
    ],
)
def test_a_fit_ends_when_it_is_flat(scores: list[float], mode: str, epochs: int, tmp_path: Any) -> None:
    data = DataLoader(torch.ones(2, 1))
    trainer = Trainer(
        max_epochs=len(scores),
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=tmp_path,
        callbacks=[EarlyStopping(mode=mode, patience=2)],
    )
    trainer.fit(_Scripted(scores), data, data)
    assert trainer.current_epoch == epochs


def test_validations_without_a_score_do_not_count(config: Path) -> None:
    stopping = "{class_path: gner.early_stopping.EarlyStopping, init_args: {patience: 1}}"
    options = ["--evaluation.every_n_validations", "3", "--trainer.callbacks", f"[{stopping}]"]
    options += ["--trainer.max_steps", "5", "--trainer.val_check_interval", "1", "--trainer.max_epochs", "50"]
    run_command("fit", config, *options)
    run = Path(yaml.safe_load(config.read_text(encoding="utf-8"))["trainer"]["default_root_dir"])
    assert metrics_of(run)["last"]["step"] == 5


def test_a_validation_without_the_metric_counts_nothing() -> None:
    stopping = EarlyStopping(patience=1)
    stopping.on_validation_end(SimpleNamespace(callback_metrics={}), None)  # type: ignore[arg-type]
    assert stopping.wait_count == 0
