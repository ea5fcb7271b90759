"""Settings that Lightning cannot work with."""

from pathlib import Path
from typing import Any

import pytest
import torch

from gner.lightning_errors import explain
from tests.runs import refused


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        (["--trainer.overfit_batches", "2"], ["trainer.overfit_batches=0, got 2"]),
        (["--checkpoint.monitor", "val/f11"], ["checkpoint.monitor=val/f11", "Did you mean val/f1"]),
        (
            ["--trainer.check_val_every_n_epoch", "1", "--trainer.val_check_interval", "10"],
            ["at most the 3 batches of an epoch, got 10", "trainer.check_val_every_n_epoch to null"],
        ),
        (["--trainer.logger", "WandbLogger"], ["WandbLogger` cannot be created", "wandb"]),
        (["--trainer.accelerator", "gpu"], ["gpu backend", "trainer.accelerator"]),
        (["--trainer.accelerator", "gpu", "--data.root", "nowhere"], ["dataset `toy` in nowhere"]),
        (["--trainer.default_root_dir", "{file}"], ["trainer.default_root_dir", "is a file"]),
        (["--trainer.default_root_dir", "/proc/run"], ["writable run folder", "/proc/run"]),
        (["--trainer.callbacks+", "{{class_path: EarlyStopping, init_args: {{monitor: val/x}}}}"], ["val/x"]),
    ],
)
def test_a_setting_that_cannot_work_ends_with_one_message(
    options: list[str], messages: list[str], config: Path, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "file").touch()
    message = refused("fit", config, capsys, *(option.format(file=tmp_path / "file") for option in options))
    for part in messages:
        assert part in message
    assert "Traceback" not in message


def test_an_error_that_no_setting_causes_is_not_explained() -> None:
    assert explain(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) is None


def test_weights_of_another_model_are_explained_by_the_config() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.nn.Linear(2, 2).load_state_dict({"weight": torch.zeros(3, 3)})
    message = explain(raised.value)
    assert message is not None and message.count("\n") == 0
    assert "Use the config of the run that wrote it" in message and "bias" in message
