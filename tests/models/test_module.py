import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Trainer
from torch._dynamo.utils import counters

from gner.data import GnerDataModule
from gner.decoding import BeamSearch
from gner.errors import UserError
from gner.interfaces import Batch
from gner.models import Backbone, GnerModule, Lora, Optimization
from gner.prompting import GnerFormat
from gner.prompting.serialize import to_config
from tests.conftest import KINDS
from tests.models.training import fit


@pytest.fixture
def batch(request: pytest.FixtureRequest, checkpoints: dict[str, Path], toy_root: Path) -> Batch:
    backbone = Backbone(str(checkpoints[request.param]))
    data = GnerDataModule(backbone, GnerFormat(), str(toy_root), train=["toy"], val=["toy"])
    data.setup("fit")
    [first] = data.val_dataloader()
    return first


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_falls(kind: str, checkpoints: dict[str, Path], toy_root: Path) -> None:
    losses = []
    for steps in (1, 30):
        module = fit(checkpoints[kind], toy_root, steps, optimization=Optimization(lr=1e-2))
        losses.append(module.trainer.callback_metrics["train/loss"].item())
    assert losses[1] < losses[0] - 0.5


@pytest.mark.parametrize(("kind", "batch"), [(kind, kind) for kind in KINDS], indirect=["batch"])
def test_the_loss_is_the_mean_over_answer_tokens(kind: str, checkpoints: dict[str, Path], batch: Batch) -> None:
    """Each row, computed alone and without padding, is weighted by its number of answer tokens."""
    module = GnerModule(str(checkpoints[kind]))
    module.configure_model()
    module.eval()
    total = torch.zeros(())
    for row in range(len(batch)):
        size = batch.attention_mask[row].sum()
        labels = batch.labels[row : row + 1]
        labels = labels[:, :size] if kind == "causal" else labels[labels != -100][None]
        alone = module.network(input_ids=batch.input_ids[row : row + 1, :size], labels=labels).loss
        total += alone * (labels != -100).sum()
    assert module(batch).item() == pytest.approx((total / (batch.labels != -100).sum()).item(), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pretrained_backbone_is_trained_with_its_dropout(kind: str, checkpoints: dict[str, Path]) -> None:
    """`from_pretrained` switches it off, and Lightning does not switch it on."""
    module = GnerModule(str(checkpoints[kind]))
    module.configure_model()
    assert all(part.training for part in module.modules())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lora", [None, Lora(r=2, dropout=0.0)], ids=["full", "lora"])
def test_gradient_checkpointing_changes_no_weight(
    kind: str, lora: Lora | None, checkpoints: dict[str, Path], toy_root: Path
) -> None:
    plain, checkpointed = (
        fit(checkpoints[kind], toy_root, lora=lora, gradient_checkpointing=flag).network.state_dict()
        for flag in (False, True)
    )
    for name, weight in plain.items():
        torch.testing.assert_close(checkpointed[name], weight)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a compiler")
def test_compiled_blocks_learn_the_same(checkpoints: dict[str, Path], toy_root: Path) -> None:
    plain, compiled = (
        fit(checkpoints["causal"], toy_root, compile_blocks=flag, gradient_checkpointing=True).network
        for flag in (False, True)
    )
    assert counters["stats"]["unique_graphs"] > 0
    for (name, weight), other in zip(plain.named_parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(other, weight, msg=name)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.0, 0.5, 1.0, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]),
        ("cosine", [0.0, 0.5, 1.0, 0.9330, 0.75, 0.5, 0.25, 0.0670]),
    ],
)
def test_the_learning_rate_warms_up_and_then_follows_the_schedule(
    schedule: Any, rates: list[float], checkpoints: dict[str, Path], toy_root: Path
) -> None:
    seen: list[float] = []

    class Recorder(GnerModule):
        def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
            seen.append(self.trainer.optimizers[0].param_groups[0]["lr"])

    module = Recorder(str(checkpoints["causal"]), optimization=Optimization(1.0, schedule, 0.25))
    data = GnerDataModule(module.backbone, GnerFormat(), str(toy_root), train=["toy"], val=["toy"], batch_size=5)
    quiet: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    Trainer(accelerator="cpu", max_steps=8, limit_val_batches=0, **quiet).fit(module, datamodule=data)
    assert seen == pytest.approx(rates, abs=1e-4)


def test_only_matrices_have_weight_decay(checkpoints: dict[str, Path], toy_root: Path) -> None:
    module = fit(checkpoints["causal"], toy_root, optimization=Optimization(weight_decay=0.1))
    for group in module.trainer.optimizers[0].param_groups:
        assert all((parameter.ndim >= 2) == (group["weight_decay"] > 0) for parameter in group["params"])


@pytest.mark.parametrize(("option", "value"), [("lr", 0.0), ("warmup_ratio", 1.0)])
def test_invalid_optimizer_settings_are_refused(option: str, value: float) -> None:
    with pytest.raises(UserError, match=rf"model\.optimization\.{option}"):
        Optimization(**{option: value})  # type: ignore[arg-type]


def test_a_module_without_options_has_the_defaults_of_a_config(checkpoints: dict[str, Path]) -> None:
    module = GnerModule(str(checkpoints["causal"]))
    assert to_config(module.format) == to_config(GnerFormat())
    assert (type(module.decoding), module.decoding.num_sequences) == (BeamSearch, 4)
