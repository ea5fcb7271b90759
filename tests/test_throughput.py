"""Counts and times of training steps."""

from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from lightning import Callback, Trainer
from lightning.pytorch.loggers import CSVLogger

from gner import throughput
from gner.data import GnerDataModule
from gner.errors import UserError
from gner.interfaces import Batch
from gner.models import GnerModule
from gner.models.flops import TrainingFlops
from gner.packed_rows import PADDING
from gner.prompting import GnerFormat
from gner.throughput import Throughput


class _Clock:
    """Advances by a second at every call."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 1.0
        return self._now


@pytest.mark.parametrize(("kind", "share"), [("seq2seq", "auto"), ("causal", "never"), ("causal", "auto")])
def test_tokens_padding_and_utilisation_are_those_of_the_batches(
    kind: str,
    share: Literal["auto", "never"],
    checkpoints: dict[str, Path],
    toy_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throughput, "time", _Clock())
    torch.manual_seed(0)
    module = GnerModule(str(checkpoints[kind]))
    sources: dict[str, Any] = {"train": ["toy"], "val": ["toy"], "batch_size": 2, "share_prompts": share}
    data = GnerDataModule(module.backbone, GnerFormat(), str(toy_root), **sources)
    batches: list[Batch] = []
    logged: dict[int, dict[str, float]] = {}

    class Watch(Callback):
        def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
            batches.append(args[2])

    class Keep(CSVLogger):
        def log_metrics(self, metrics: Any, step: int | None = None) -> None:
            assert step is not None
            logged[step] = dict(metrics)

    trainer = Trainer(
        accelerator="cpu",
        max_steps=6,
        accumulate_grad_batches=2,
        logger=Keep(toy_root),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        log_every_n_steps=3,
        default_root_dir=toy_root,
        callbacks=[Watch(), Throughput(peak_tflops=1e-6)],
    )
    trainer.fit(module, datamodule=data)
    # three batches per epoch, the last being a step alone: batches of steps 2 and 3, then of 4 to 6
    for step, counted in ((2, batches[2:5]), (5, batches[5:9])):
        tokens = sum(prompt + answer for batch in counted for prompt, answer in batch.lengths)
        in_masks = sum(int(batch.attention_mask.sum()) for batch in counted)
        in_answers = sum(int((batch.labels != -100).sum()) for batch in counted) if kind == "seq2seq" else 0
        assert tokens == in_masks + in_answers
        computed = sum(batch.input_ids.numel() for batch in counted)
        computed += sum(batch.labels.numel() for batch in counted) if kind == "seq2seq" else 0
        padding = computed - tokens
        packed = [batch.packed for batch in counted if batch.packed is not None]
        assert bool(packed) == (share == "auto" and kind == "causal")
        if packed:  # each batch of two sentences
            computed = sum(bins.segments.numel() for bins in packed)
            padding = sum(int((bins.segments == PADDING).sum()) for bins in packed)
            single = [batch for batch in counted if batch.packed is None]
            computed += sum(batch.input_ids.numel() for batch in single)
        flops = TrainingFlops(module.network)
        here = logged[step]
        assert here["train/tokens_per_s"] == pytest.approx(tokens)  # in one second, as the clock was read once
        assert here["train/padding"] == pytest.approx(padding / computed)
        assert here["train/step_s"] == pytest.approx(1 / (2 if step == 2 else 3))
        assert here["train/mfu"] == pytest.approx(
            sum(flops.of_example(*lengths) for batch in counted for lengths in batch.lengths) / 1e6
        )
        assert here["train/memory_gib"] > 0.1


def test_an_invalid_peak_is_refused() -> None:
    with pytest.raises(UserError, match=r"throughput\.peak_tflops"):
        Throughput(peak_tflops=0)
