"""A model tags the same, whatever it is loaded from."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

from gner import GNER
from gner.cli import main
from gner.errors import UserError
from gner.export import main as export
from gner.inference.gner_config import Settings
from gner.inference.loading import load
from gner.prompting import GnerFormat
from tests.conftest import KINDS
from tests.models.sharded import logits_of

REPOSITORY = Path(__file__).parents[2]
TRAIN = ["--model.format", "GnerFormat", "--model.format.instruction", "null", "--model.optimization.lr", "0.02"]
TEST = ["--ckpt_path", "best", "--model.decoding", "Speculative"]
LORA = ["--model.lora", '{"r": 2, "target_modules": "all-linear"}']


def _fit(config: Path, *options: str) -> Path:
    main("fit", ["--config", str(config), *TRAIN, *options])
    return config.parent / "run"


def _tags(run: Path) -> tuple[list[list[str]], list[list[str]]]:
    """Words and tags that ``gner.test`` wrote."""
    rows = map(json.loads, (run / "predictions" / "test.jsonl").read_text(encoding="utf-8").splitlines())
    words, tags = zip(*((row["instance"]["words"], row["tags"]) for row in rows), strict=True)
    return list(words), list(tags)


@pytest.mark.parametrize("options", [[], LORA], ids=["all weights", "adapters"])
@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_run_checkpoint_and_export_tag_like_gner_test(config: Path, options: list[str], tmp_path: Path) -> None:
    run = _fit(config, *options)
    main("test", ["--config", str(config), *TRAIN, *TEST, *options])
    words, expected = _tags(run)
    export(["--ckpt", str(run / "best"), "--out", str(tmp_path / "exported")])
    for source in (run, run / "best", run / "checkpoints" / "best.ckpt", tmp_path / "exported"):
        model = GNER.from_pretrained(source)
        assert isinstance(model.settings.format, GnerFormat)
        assert model.settings.format.instruction is None
        assert model.predict_tags(words, ["person", "place"]) == expected


@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_export_is_loaded_by_transformers_alone(config: Path, tmp_path: Path) -> None:
    run = _fit(config, *LORA)
    export(["--ckpt", str(run), "--out", str(tmp_path / "exported"), "--dtype", "bf16"])
    network = load(run, torch.float32).network
    auto = AutoModelForSeq2SeqLM if network.config.is_encoder_decoder else AutoModelForCausalLM
    bare = auto.from_pretrained(tmp_path / "exported", dtype=torch.float32).eval()
    torch.testing.assert_close(logits_of(bare), logits_of(network), rtol=0.05, atol=0.05)
    assert AutoTokenizer.from_pretrained(tmp_path / "exported")("Ada")["input_ids"]
    assert GenerationConfig.from_pretrained(tmp_path / "exported").eos_token_id is not None
    names = {path.name for path in (tmp_path / "exported").iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "generation_config.json", "gner_config.json"} <= names


def test_adapter_export_is_loaded_with_its_backbone(config: Path, tmp_path: Path) -> None:
    run = _fit(config, *LORA)
    export(["--ckpt", str(run), "--out", str(tmp_path / "adapter"), "--adapter-only"])
    names = {path.name for path in (tmp_path / "adapter").iterdir()}
    assert "adapter_model.safetensors" in names
    assert "model.safetensors" not in names
    adapted, whole = load(tmp_path / "adapter").network, load(run).network
    torch.testing.assert_close(logits_of(adapted), logits_of(whole), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("config", KINDS, indirect=True)
def test_sharded_checkpoint_is_loaded_in_one_process(config: Path, tmp_path: Path) -> None:
    strategy = ["--trainer.strategy", "gner.models.FSDP2Strategy", "--trainer.strategy.compute_dtype", "fp32"]
    for command in (["fit", "--trainer.devices", "2"], ["test", *TEST]):
        arguments = [f"gner.{command[0]}", "--config", str(config), *TRAIN, *LORA, *strategy, *command[1:]]
        process = subprocess.run(
            ["timeout", "-k", "3", "900", sys.executable, "-m", *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
        )
        assert process.returncode == 0, process.stderr[-3000:]
    run = tmp_path / "run"
    assert (run / "checkpoints" / "best.ckpt").is_dir()
    words, expected = _tags(run)
    export(["--ckpt", str(run), "--out", str(tmp_path / "exported")])
    for source in (run, tmp_path / "exported"):
        assert GNER.from_pretrained(source).predict_tags(words, ["person", "place"]) == expected


def test_third_party_model_gets_the_default_prompt(checkpoints: dict[str, Path]) -> None:
    assert load(checkpoints["seq2seq"]).settings.max_input_tokens == 640
    settings = load(checkpoints["causal"]).settings
    assert settings.max_input_tokens == 1280
    assert settings.types == {}
    assert isinstance(settings.format, GnerFormat)
    assert settings.format.instruction == GnerFormat().instruction


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nothing.ckpt", r"Expected a checkpoint at .*nothing\.ckpt"),
        (lambda folder: folder / "nothing", "there is no folder"),
        (lambda folder: _write(folder / "x.ckpt", b"not a checkpoint"), "cannot be read as one"),
        (lambda folder: _save(folder / "y.ckpt", {"state_dict": {}}), "holds no configuration of a run"),
        (lambda folder: _write(folder / "f" / "notes.txt", b"").parent, r"has no config\.json"),
    ],
)
def test_source_that_is_not_a_model_raises(make: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        load(make(tmp_path))


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def _save(path: Path, content: dict[str, Any]) -> Path:
    torch.save(content, path)
    return path


def test_settings_round_trip(tmp_path: Path) -> None:
    settings = Settings(GnerFormat("Do it.", extra_type="else"), {"a": ("x", "y")}, 100, 200, 30, "whole")
    settings.write(tmp_path)
    again = Settings.read(tmp_path / "gner_config.json")
    assert {**vars(again), "format": vars(again.format)} == {**vars(settings), "format": vars(settings.format)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": {"class_path": "os.system", "init_args": {}}}, "may not choose what code is run"),
        ({"format": {"class_path": "GnerFormat", "init_args": {"colour": 1}}}, "another version of gner"),
        ({"types": None}, "expected the settings that `gner.export` writes"),
        ({"max_input_tokens": None}, "expected the settings that `gner.export` writes"),
    ],
)
def test_malformed_settings_raise(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    Settings().write(tmp_path)
    path = tmp_path / "gner_config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        Settings.read(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "tpu9"}, "Expected an available device"),
        ({"dtype": "int3"}, "Expected a `dtype`"),
        ({"dtype": "fp16"}, "t5"),
    ],
)
def test_unavailable_devices_and_dtypes_raise(
    options: dict[str, str], message: str, checkpoints: dict[str, Path]
) -> None:
    with pytest.raises(UserError, match=message):
        GNER.from_pretrained(checkpoints["seq2seq"], **options)


def test_weights_have_the_requested_dtype(checkpoints: dict[str, Path]) -> None:
    network = GNER.from_pretrained(checkpoints["seq2seq"], dtype="bf16", device="cpu").labeller.network
    assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}


def test_hub_name_is_not_taken_for_a_local_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="`gpt2` is not a folder here"):
        load("gpt2")


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"base_model_name_or_path": ""}'])
def test_adapters_without_a_base_model_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"adapter_config.json: expected the"):
        load(tmp_path)
