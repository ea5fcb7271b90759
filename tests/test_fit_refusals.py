"""What a fit refuses, and its outputs when it ends early or fails."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gner.cli import main
from gner.inference.loading import load
from gner.locks import this_process
from gner.run_dir import RunLock
from tests.conftest import KINDS, SENTENCES

REPOSITORY = Path(__file__).parents[1]
PRECISIONS = ("32-true", "bf16-mixed", "bf16-true", "64-true")


def _fit(config: Path, *options: str, command: Any = "fit") -> None:
    main(command, ["--config", str(config), *options])


def _refused(config: Path, capsys: Any, *options: str, command: Any = "fit") -> str:
    """The one message that a command ends with."""
    with pytest.raises(SystemExit) as ended:
        _fit(config, *options, command=command)
    assert ended.value.code == 2
    return str(capsys.readouterr().err).partition("gner: ")[2]


def _metrics(run: Path) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads((run / "metrics.json").read_text(encoding="utf-8"), parse_constant=refuse)


@pytest.mark.parametrize("clip", ["0.0", "1.0"])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_every_precision_trains_with_and_without_clipping(config: Path, precision: str, clip: str) -> None:
    options = ["--trainer.precision", precision, "--trainer.gradient_clip_val", clip, "--trainer.max_steps", "3"]
    _fit(config, *options, "--trainer.limit_val_batches", "0", "--trainer.logger", "false")


def test_a_non_finite_loss_ends_the_run_with_its_step_and_sentences(config: Path, capsys: Any) -> None:
    message = _refused(config, capsys, "--model.optimization.lr", "1e30")
    assert "got nan at step 1 in the batch of" in message
    assert "train.txt:" in message
    assert "model.optimization.lr" in message


def test_non_finite_metrics_are_null_in_files(config: Path, tmp_path: Path) -> None:
    _fit(config, "--trainer.max_steps", "1", "--model.optimization.lr", "1e30")  # the loss of the validation is NaN
    assert _metrics(tmp_path / "run")["last"]["metrics"]["val/loss"] is None


@pytest.mark.parametrize(
    "options",
    [
        ["--trainer.val_check_interval", "100", "--trainer.max_steps", "3"],
        ["--trainer.val_check_interval", "1.0", "--trainer.check_val_every_n_epoch", "5", "--trainer.max_epochs", "2"],
        ["--trainer.val_check_interval", "100", "--trainer.max_time", "00:00:00:01"],
    ],
)
def test_every_fit_ends_with_a_validation(options: list[str], config: Path, tmp_path: Path, capfd: Any) -> None:
    _fit(config, "--trainer.max_steps", "100000", *options)
    run = tmp_path / "run"
    assert _metrics(run)["best"]["metrics"].keys() >= {"val/f1", "val/loss"}
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    shown = "".join(capfd.readouterr())
    assert "Did you call" not in shown


def test_only_existing_outputs_are_printed_without_validation(config: Path, tmp_path: Path, capsys: Any) -> None:
    _fit(config, "--trainer.limit_val_batches", "0", "--trainer.enable_checkpointing", "false")
    shown = capsys.readouterr().out
    assert "TensorBoard" in shown
    assert "Checkpoints" not in shown
    assert "Metrics" not in shown
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_metrics_record_what_they_were_counted_on(config: Path, tmp_path: Path) -> None:
    _fit(config, "--evaluation.max_examples", "3", "--data.max_eval_examples_per_dataset", "4")
    _fit(config, "--ckpt_path", "last", "--data.max_eval_examples_per_dataset", "2", command="test")
    metrics = _metrics(tmp_path / "run")
    assert metrics["last"]["counted"] == {
        "examples": {"toy": 3},
        "limits": {"evaluation.max_examples": 3, "data.max_eval_examples_per_dataset": 4},
    }
    assert metrics["test"]["counted"]["examples"] == {"toy": 5}  # the paper caps dev only


def test_sentences_in_both_training_and_validation_cause_a_warning(
    config: Path, write_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    content = [text.replace("/", "\t").replace(" ", "\n") + "\n" for text in SENTENCES]
    root = write_dataset(train="\n".join(content[:3]), dev="\n".join(content[2:]), test=content[0])
    with pytest.warns(UserWarning, match=r"Sentences of data.val are trained on too.*1 of 3 sentences of `toy`"):
        _fit(config, "--data.root", str(root), "--trainer.max_steps", "1")


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        (["--trainer.overfit_batches", "2"], ["trainer.overfit_batches=0, got 2"]),
        (["--checkpoint.monitor", "val/f11"], ["checkpoint.monitor=val/f11", "Did you mean `val/f1`"]),
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
    message = _refused(config, capsys, *(option.format(file=tmp_path / "file") for option in options))
    for part in messages:
        assert part in message
    assert "Traceback" not in message


def test_weights_only_checkpoints_can_be_used_but_not_resumed(config: Path, tmp_path: Path, capsys: Any) -> None:
    _fit(config, "--last_checkpoint.save_weights_only", "true")
    assert "has weights only" in _refused(config, capsys, "--ckpt_path", "last")
    _fit(config, "--ckpt_path", "last", command="validate")
    assert load(tmp_path / "run" / "last").settings.format is not None


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(where: float) -> Callable[[Path], None]:
    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(where * len(content))] ^= 0xFF
        path.write_bytes(bytes(content))

    return flip


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pickled(path: Path) -> None:
    torch.save([1, 2], path)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"not a checkpoint\n" * 100),
    "truncated": _truncate,
    "half": _half,
    "first": _flip(0.001),
    "middle": _flip(0.5),
    "late": _flip(0.9),
    "folder": _folder,
    "other": _pickled,
}


@pytest.mark.parametrize("command", ["fit", "validate", "test"])
def test_a_damaged_checkpoint_ends_with_one_message_that_names_the_others(
    command: str, config: Path, tmp_path: Path, capsys: Any
) -> None:
    _fit(config, "--trainer.max_steps", "2", "--trainer.limit_val_batches", "1")
    checkpoints = tmp_path / "run" / "checkpoints"
    whole = (checkpoints / "last.ckpt").read_bytes()
    for name, damage in DAMAGES.items():
        damaged = checkpoints / f"{name}.ckpt"
        damaged.write_bytes(whole)
        damage(damaged)
        message = _refused(config, capsys, "--ckpt_path", str(damaged), command=command)
        assert str(damaged) in message, name
        assert str(checkpoints / "best.ckpt") in message or name == "folder", name


def test_a_second_fit_in_a_run_folder_is_refused_while_the_first_runs(
    config: Path, tmp_path: Path, capsys: Any
) -> None:
    _fit(config, "--trainer.max_steps", "2")
    first = RunLock(tmp_path / "run")
    first.take(archives=False)
    for options in ([], ["--ckpt_path", "last"]):
        message = _refused(config, capsys, *options)
        assert str(this_process()) in message
        assert "trainer.default_root_dir" in message
    assert not (tmp_path / "run.1").exists()
    first.release()
    _fit(config, "--trainer.max_steps", "2")
    assert (tmp_path / "run.1").exists()


def test_the_lock_of_a_killed_fit_is_released(tmp_path: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path; from gner.run_dir import RunLock;"
        f"RunLock(Path({str(tmp_path)!r})).take(archives=False); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)
    assert ended.returncode < 0
    RunLock(tmp_path).take(archives=False)
