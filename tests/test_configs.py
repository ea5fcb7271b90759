"""Shipped configs: they are found by name, listed and copied, and those for one device train a tiny model."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from gner.cli import GnerCLI, main
from gner.configs import main as configs_command
from gner.configs import shipped_configs, with_shipped_configs
from gner.errors import UserError
from tests.prompting.chat_templates import chat_tokenizer
from tests.runs import metrics_of

CONFIGS = Path(__file__).parents[1] / "configs"
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
CAUSAL = {
    "qwen3_0.6b_lora_24gb": ("qwen3", "qwen3"),
    "qwen3_8b_qlora_24gb": ("qwen3", "qwen3"),
    "gemma3_1b": ("gemma3_text", "gemma3"),
    "smollm2_135m_cpu": ("llama", "smollm2"),
}
"""Model type, and whose chat template it has."""
SEQ2SEQ = ("flan_t5_base_24gb", "zero_shot_pile_ner", "continue_from_gner_t5")


def _causal_model(folder: Path, model_type: str, template: str) -> Path:
    tokenizer = chat_tokenizer(template)
    options: dict[str, Any] = {**SIZES, "num_key_value_heads": 1, "head_dim": 8, "vocab_size": len(tokenizer)}
    torch.manual_seed(0)
    config = AutoConfig.for_model(model_type, **options, pad_token_id=0, tie_word_embeddings=True)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


QUICK = ("gemma3_1b", "continue_from_gner_t5")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in (*CAUSAL, *SEQ2SEQ)],
)
def test_a_config_trains_a_tiny_model(name: str, checkpoints: dict[str, Path], toy_root: Path, tmp_path: Path) -> None:
    model = _causal_model(tmp_path / "model", *CAUSAL[name]) if name in CAUSAL else checkpoints["seq2seq"]
    run, toy = tmp_path / "run", json.dumps([{"path": str(toy_root / "toy"), "name": "toy"}])
    options = ["--model.backbone", str(model), "--data.train", toy, "--data.val", toy, "--data.test", toy]
    options += ["--trainer.accelerator", "cpu", "--trainer.precision", "32-true", "--data.num_workers", "0"]
    options += ["--trainer.default_root_dir", str(run), "--trainer.max_epochs", "1"]
    if "qlora" in name:
        options += ["--model.lora.quantization", "null"]  # which needs a CUDA device, as do 8 bits of AdamW
        options += ["--model.optimization.optimizer", "adamw"]
    main("fit", ["--config", str(CONFIGS / f"{name}.yaml"), *options])
    last = metrics_of(run)["last"]
    assert last["step"] == 1
    assert {"val/f1", "val/f1_gner", "val/loss"} <= last["metrics"].keys()


def test_all_configs_of_the_repository_are_shipped() -> None:
    files = {path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob("*.yaml")}
    assert set(shipped_configs()) == files
    assert len(shipped_configs()) == len(files)


@pytest.mark.parametrize("option", [["--config", "debug.yaml"], ["-c", "debug.yaml"], ["--config=debug.yaml"]])
def test_a_shipped_config_is_found_by_name(option: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert GnerCLI("fit", option).config.trainer.default_root_dir == "runs/debug"


def test_a_file_that_is_there_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("debug.yaml").touch()
    assert with_shipped_configs(["--config", "debug.yaml"]) == ["--config", "debug.yaml"]


@pytest.mark.parametrize("given", ["none.yaml", "other/debug.yaml"])
def test_a_config_that_is_nowhere_is_refused(given: str) -> None:
    with pytest.raises(UserError, match=f"there is no file {given}"):
        with_shipped_configs(["--config", given])


def test_yaml_itself_is_left_alone() -> None:
    arguments = ["--config", "{seed_everything: 1}", "--data.root", "none.yaml"]
    assert with_shipped_configs(arguments) == arguments


def test_configs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    configs_command([])
    shown = capsys.readouterr().out
    assert all(name in shown for name in shipped_configs())


def test_configs_are_copied_and_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--copy", "debug.yaml", "--out", str(tmp_path / "mine")]
    configs_command(options)
    copy = tmp_path / "mine" / "debug.yaml"
    assert copy.read_bytes() == (CONFIGS / "debug.yaml").read_bytes()
    assert str(copy) in capsys.readouterr().out
    for refused, message in ((options, "debug.yaml exists"), (["--copy", "debg.yaml"], "Did you mean `debug.yaml`?")):
        with pytest.raises(SystemExit) as ended:
            configs_command(refused)
        assert ended.value.code == 2
        assert message in capsys.readouterr().err
