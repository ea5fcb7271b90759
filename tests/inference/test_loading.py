"""A model tags the same, whatever it is loaded from."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

from gner import GNER
from gner.cli import main
from gner.errors import UserError
from gner.export import main as export
from gner.inference.loading import load
from gner.prompting import GnerFormat, UniNerFormat
from gner.prompting.serialize import find_format
from tests.conftest import KINDS
from tests.models.sharded import logits_of
from tests.prompting.questions import QuestionFormat

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


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ("causal", "gollie"),
        ("seq2seq", "uniner"),
        pytest.param("causal", "uniner", marks=pytest.mark.slow),
        pytest.param("seq2seq", "instructuie", marks=pytest.mark.slow),
    ],
    indirect=["config"],
)
def test_models_of_other_formats_find_what_gner_test_finds(config: Path, name: str, tmp_path: Path) -> None:
    options = ["--config", str(config), "--model.format", name, "--data.max_input_tokens", "2000"]
    main("fit", options)
    run = tmp_path / "run"
    main("test", [*options, "--ckpt_path", "best", "--model.decoding", "Greedy"])
    words, expected = _tags(run)
    export(["--ckpt", str(run / "best"), "--out", str(tmp_path / "exported")])
    for source in (run, run / "best", run / "checkpoints" / "best.ckpt", tmp_path / "exported"):
        model = GNER.from_pretrained(source)
        assert type(model.settings.format) is find_format(name)
        assert model.predict_tags(words, ["person", "place"], decoding="greedy") == expected
    assert GNER.from_pretrained(tmp_path / "exported").settings.types == {"toy": ("person", "place")}


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


def test_a_format_takes_the_place_of_the_one_that_a_model_was_saved_with(
    trained: dict[str, Path], checkpoints: dict[str, Path], config: Path, tmp_path: Path
) -> None:
    format = QuestionFormat()
    saved, given = load(trained["causal"]).settings, load(trained["causal"], format=format).settings
    assert given.format is format and given == replace(saved, format=format)
    plain, given = load(checkpoints["causal"]).settings, load(checkpoints["causal"], format=format).settings
    assert given.format is format and given == replace(plain, format=format)
    run = _fit(config)
    assert load(run, format=format).settings == replace(load(run).settings, format=format)


def test_a_format_that_is_not_installed_can_be_given(trained: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(trained["causal"], tmp_path / "model")
    replace(load(folder).settings, format=QuestionFormat()).write(folder)
    with pytest.raises(UserError, match=r"does not come with gner.* give it as `format`"):
        load(folder)
    assert load(folder, format=QuestionFormat(conversation=True)).settings.types == {"toy": ("person", "place")}


@pytest.mark.parametrize("name", ["uniner", "UniNerFormat", {"class_path": "uniner"}, UniNerFormat()])
def test_a_published_checkpoint_is_asked_in_its_format(name: Any, checkpoints: dict[str, Path], tmp_path: Path) -> None:
    model = GNER.from_pretrained(checkpoints["causal"], format=name, device="cpu")
    assert isinstance(model.settings.format, UniNerFormat)
    assert model.settings.max_input_tokens == load(checkpoints["causal"]).settings.max_input_tokens
    found = model.predict_entities("Ada met Grace", ["person", "place"], decoding="greedy")
    assert found.info.num_label_groups == 1


def test_an_export_carries_its_format(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    chosen = '{"class_path": "uniner", "init_args": {"dataset_line": true}}'
    export(["--ckpt", str(checkpoints["causal"]), "--out", str(tmp_path / "out"), "--prompt-format", chosen])
    settings = load(tmp_path / "out").settings
    assert isinstance(settings.format, UniNerFormat) and settings.format.dataset_line
    assert settings.max_input_tokens == 1280


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


@pytest.fixture
def yes(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Answers yes to every question."""
    answers = io.StringIO("y\n" * 100)
    monkeypatch.setattr("sys.stdin", answers)
    monkeypatch.setattr("builtins.input", lambda prompt="": "y")
    yield answers


def _with_code(folder: Path, *, is_known: bool) -> Path:
    """Make a folder refer to code of its own, which leaves a trace if it is run."""
    (folder / "evil.py").write_text(
        f"from pathlib import Path\nPath({str(folder / 'ran')!r}).touch()\n"
        "from transformers import LlamaConfig as EvilConfig, LlamaForCausalLM as EvilModel\n"
        "from transformers import LlamaTokenizer as EvilTokenizer\n",
        encoding="utf-8",
    )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["auto_map"] = {"AutoConfig": "evil.EvilConfig", "AutoModelForCausalLM": "evil.EvilModel"}
    if not is_known:
        config["model_type"] = "evil"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    tokenizer["auto_map"] = {"AutoTokenizer": ["evil.EvilTokenizer", None]}
    if not is_known:
        tokenizer["tokenizer_class"] = "EvilTokenizer"
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return folder


def test_code_in_a_folder_is_never_run_whatever_is_answered(
    yes: io.StringIO, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoints["causal"], tmp_path / "model")
    _with_code(folder, is_known=False)
    with pytest.raises(UserError, match="needs code of its own, which is never run here"):
        load(folder)
    assert not (folder / "ran").exists()
    assert yes.tell() == 0


def test_code_in_the_folder_that_a_checkpoint_or_export_refers_to_is_never_run(
    yes: io.StringIO, config: Path, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoints["causal"], tmp_path / "model")
    main("fit", ["--config", str(config), "--model.backbone", str(folder), "--trainer.max_steps", "1"])
    _with_code(folder, is_known=True)
    loaded = load(tmp_path / "run")  # the library has this type itself
    assert type(loaded.network) is type(AutoModelForCausalLM.from_pretrained(checkpoints["causal"]))
    assert type(load(folder).network) is type(loaded.network)
    _with_code(folder, is_known=False)
    with pytest.raises(UserError, match="needs code of its own"):
        load(tmp_path / "run")
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    named = {"base_model_name_or_path": str(folder), "peft_type": "LORA"}
    (adapter / "adapter_config.json").write_text(json.dumps(named), encoding="utf-8")
    with pytest.raises(UserError, match="needs code of its own"):
        load(adapter)
    assert not (folder / "ran").exists()
    assert yes.tell() == 0
