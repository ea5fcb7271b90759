"""Counts and times of training."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Trainer

from gner import throughput
from gner.data import GnerDataModule
from gner.errors import UserError
from gner.formats import GnerFormat
from gner.models import GnerModule
from gner.models.flops import TrainingFlops
from gner.throughput import Throughput
from tests.conftest import KINDS


class _Clock:
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 1.0
        return self._now


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_padding_and_utilisation_are_those_of_the_batches(
    kind: str, checkpoints: dict[str, Path], toy_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "time", _Clock())
    torch.manual_seed(0)
    module = GnerModule(str(checkpoints[kind]))
    data = GnerDataModule(module.backbone, GnerFormat(), str(toy_root), train=["toy"], val=["toy"], batch_size=2)
    batches: list[Any] = []
    logged: list[dict[str, float]] = []

    class Watch(Throughput):
        def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
            super().on_train_batch_end(trainer, *args)
            batches.append(args[2])
            logged.append({name: value.item() for name, value in trainer.callback_metrics.items()})

    trainer = Trainer(
        accelerator="cpu",
        max_steps=5,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        log_every_n_steps=2,
        default_root_dir=toy_root,
        callbacks=[Watch(peak_tflops=1e-6)],
    )
    trainer.fit(module, datamodule=data)
    counted = batches[3:5]  # the first warms up, the next two are reported at the third
    tokens = sum(prompt + answer for batch in counted for prompt, answer in batch.lengths)
    in_masks = sum(int(batch.attention_mask.sum()) for batch in counted)
    in_answers = sum(int((batch.labels != -100).sum()) for batch in counted) if kind == "seq2seq" else 0
    assert tokens == in_masks + in_answers
    computed = sum(batch.input_ids.numel() for batch in counted)
    computed += sum(batch.labels.numel() for batch in counted) if kind == "seq2seq" else 0
    flops = TrainingFlops(module.network)
    last = logged[-1]
    assert last["train/tokens_per_s"] == pytest.approx(tokens)
    assert last["train/padding"] == pytest.approx(1 - tokens / computed)
    assert last["train/step_s"] == pytest.approx(0.5)
    assert last["train/mfu"] == pytest.approx(
        sum(flops.of_example(*lengths) for batch in counted for lengths in batch.lengths) / 1e6
    )
    assert last["train/memory_gib"] > 0.1
    assert "train/tokens_per_s" not in logged[1]


def test_an_impossible_peak_is_refused() -> None:
    with pytest.raises(UserError, match=r"throughput\.peak_tflops"):
        Throughput(peak_tflops=0)
