"""Plans as a user asks for them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gner.cli import main
from gner.plan import PlanCLI
from tests.data.writers import write_json

CONFIG = Path(__file__).parents[1] / "configs" / "debug.yaml"
SHARDED = {"class_path": "gner.models.FSDP2Strategy"}


def _plan(tmp_path: Path, *options: str, **trainer: Any) -> None:
    more = tmp_path / "more.yaml"
    settings = {"data": {"root": str(tmp_path)}, "trainer": {"default_root_dir": str(tmp_path / "run"), **trainer}}
    more.write_text(yaml.safe_dump(settings), encoding="utf-8")
    main("plan", ["--config", str(CONFIG), "--config", str(more), *options], PlanCLI)


def test_a_plan_tells_size_schedule_time_and_memory(tmp_path: Path, capsys: Any) -> None:
    _plan(
        tmp_path,
        *("--devices", "4", "--gpu-memory", "80GB", "--tflops", "0.001"),
        **{"accelerator": "gpu", "devices": 8, "strategy": SHARDED, "accumulate_grad_batches": 2},
    )
    shown = " ".join(capsys.readouterr().out.split())
    assert "200 sentences" in shown
    assert "4 steps" in shown  # 200 sentences, 8 in a batch, 4 devices, 2 batches a step
    assert "5 epochs, 20 steps" in shown
    assert "hours, without validations" in shown
    assert "Memory of each of 4 processes" in shown
    assert "Training needs about 1.5 of 80.0 GiB: it fits." in shown
    assert not (tmp_path / "run").exists()


def test_a_plan_counts_sentences_as_often_as_they_are_seen(tmp_path: Path, capsys: Any) -> None:
    write_json(tmp_path / "train.jsonl", [{"tokens": ["Ada"], "tags": ["B-person"]}] * 10, lines=True)
    source = {"path": str(tmp_path / "train.jsonl"), "weight": 2.5}
    _plan(tmp_path, "--data.train", json.dumps(["debug", source]))
    assert "225 sentences" in capsys.readouterr().out


def test_a_plan_tells_what_shared_prompts_save(tmp_path: Path, capsys: Any) -> None:
    options = ["--model.format.instruction", "Tag each word. " * 9, "--data.regularization.shuffle_types", "batch"]
    options += ["--model.backbone.config.hidden_size", "128", "--gpu-memory", "1GB", "--tflops", "0.001"]
    _plan(tmp_path, *options)
    shown = " ".join(capsys.readouterr().out.split())
    assert "of the tokens are read" in shown
    assert "hours, without validations; " in shown
    assert "Where the longest sentences share prompts, training needs about" in shown


def test_what_does_not_fit_comes_with_advice(tmp_path: Path, capsys: Any) -> None:
    _plan(tmp_path, "--gpu-memory", "1GB")
    shown = capsys.readouterr().out
    assert "it does not fit" in shown
    assert "model.gradient_checkpointing" in shown


@pytest.mark.parametrize(
    ("options", "trainer", "message"),
    [
        ([], {"accelerator": "gpu"}, "Expected a number of devices, got trainer.devices=auto. Set --devices."),
        (["--gpu-memory", "much"], {}, "Expected an amount of memory such as 80GB, got much. Set --gpu-memory."),
        (["--devices", "0"], {}, "Expected a number above 0, got 0. Set --devices."),
        (["--tflops", "0"], {}, "Expected a number above 0, got 0.0. Set --tflops."),
        ([], {"precision": "64-true"}, "Expected a precision among"),
        ([], {"precision": "bf16", "strategy": SHARDED}, "Expected trainer.precision=32-true under FSDP2Strategy"),
        ([], {"strategy": "deepspeed_stage_3"}, "Expected a strategy whose memory is known, got deepspeed_stage_3."),
    ],
)
def test_what_cannot_be_planned_is_refused(
    options: list[str], trainer: dict[str, Any], message: str, tmp_path: Path, capsys: Any
) -> None:
    with pytest.raises(SystemExit) as ended:
        _plan(tmp_path, *options, **trainer)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_the_main_figures_are_written(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    _plan(tmp_path, "--json", str(out), "--tflops", "1")
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert figures["steps"] == 20
    assert figures["hours"] > 0
    assert figures["training_bytes"] > 4 * figures["parameters"]
