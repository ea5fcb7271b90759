"""x"""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from gner.cli import main
from gner.errors import UserError
from gner.inference.loading import load


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
