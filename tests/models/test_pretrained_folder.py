import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from torch import distributed
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, PreTrainedModel

from gner.errors import UserError
from gner.models import Backbone, Lora, export
from gner.models.sharding import build_network
from tests.models.sharded import logits_of, make_strategy
from tests.processes import run_processes


def _adapted(network: PreTrainedModel) -> None:
    """Add the same adapters on every process."""
    targets = ["q", "v"] if network.config.is_encoder_decoder else ["q_proj", "down_proj"]
    if not network.all_tied_weights_keys:
        targets.append("lm_head")
    Lora(r=2, target_modules=targets).add_to(network, needs_input_grads=False)


def _perturb(network: PreTrainedModel) -> None:
    """Change the trained weights, as training would."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05)


def _load(folder: Path, like: PreTrainedModel) -> PreTrainedModel:
    auto = AutoModelForSeq2SeqLM if like.config.is_encoder_decoder else AutoModelForCausalLM
    return auto.from_pretrained(folder)


def _check_exports(rank: int, folders: dict[str, Path], out: Path) -> None:
    distributed.init_process_group("gloo")
    for name, folder in folders.items():
        backbone = Backbone(str(folder))
        for adapted in (False, True):
            prepare = _adapted if adapted else lambda network: None
            network = build_network(backbone, make_strategy(2), prepare).eval()
            _perturb(network)
            expected = logits_of(network)
            target = out / f"{name}_{adapted}"
            for _ in range(2):  # the second replaces the first
                export(network, backbone.tokenizer, target, max_file_size="10KB")
            assert torch.equal(logits_of(network), expected), name  # training can continue after an export
            found = logits_of(_load(target, network))
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5, msg=name)
            assert adapted or torch.equal(found, expected), name
            assert (target / "model.safetensors.index.json").exists()
            if adapted:
                export(network, backbone.tokenizer, out / f"{name}_adapter", adapter_only=True)
                adapter = PeftModel.from_pretrained(backbone.build(), out / f"{name}_adapter").eval()
                torch.testing.assert_close(logits_of(adapter), expected, rtol=1e-5, atol=1e-6)
            distributed.barrier()
    distributed.destroy_process_group()


def test_a_sharded_network_is_exported_for_hugging_face(families: dict[str, Path], tmp_path: Path) -> None:
    run_processes(_check_exports, 2, families, tmp_path)
    assert not list(tmp_path.glob("*.unfinished"))


@pytest.mark.parametrize("name", ["t5", "flan", "llama", "tied_llama"])
def test_an_unsharded_network_is_exported_too(name: str, families: dict[str, Path], tmp_path: Path) -> None:
    backbone = Backbone(str(families[name]))
    network = backbone.build().eval()
    export(network, backbone.tokenizer, tmp_path / "out", dtype="bf16")
    again = _load(tmp_path / "out", network)
    assert again.dtype == torch.bfloat16
    assert all(torch.equal(again.state_dict()[key], value.bfloat16()) for key, value in network.state_dict().items())
    config = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == [type(network).__name__]
    assert config["tie_word_embeddings"] == (name in ("t5", "tied_llama"))
    text = "Ada (B-person) </s>"
    assert AutoTokenizer.from_pretrained(tmp_path / "out")(text) == backbone.tokenizer(text)


def test_exporting_missing_adapters_is_refused(families: dict[str, Path], tmp_path: Path) -> None:
    backbone = Backbone(str(families["llama"]))
    with pytest.raises(UserError, match="this one was trained without"):
        export(backbone.build(), backbone.tokenizer, tmp_path / "out", adapter_only=True)


def test_all_files_can_be_read_by_whoever_may_read_new_ones(families: dict[str, Path], tmp_path: Path) -> None:
    backbone = Backbone(str(families["llama"]))
    export(backbone.build(), backbone.tokenizer, tmp_path / "model")
    (tmp_path / "new").touch()
    modes = {path.stat().st_mode for path in (tmp_path / "model").iterdir()}
    assert modes == {(tmp_path / "new").stat().st_mode}
