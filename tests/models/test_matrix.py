"""Every architecture of `tests.models.matrix` through training, decoding, checkpoints, exports, adapters and shards."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors import safe_open
from torch import Tensor, distributed
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, GenerationConfig, PreTrainedModel

from gner.cli import GnerCLI
from gner.data.collate import Collator
from gner.decoding import Greedy, Speculative
from gner.decoding.forward_pass import why_no_drafts
from gner.export import main as export_run
from gner.inference.loading import load
from gner.models import Backbone, Lora
from gner.models.pretrained_folder import export
from gner.models.sharding import build_network
from gner.models.weight_files import fill_rows
from gner.prompting import GnerFormat
from gner.records import Example
from gner.testing import TinyModel
from tests.models.backbones_page import PAGE, page
from tests.models.matrix import RECIPES, make_checkpoint
from tests.models.sharded import make_strategy
from tests.processes import run_processes

QUICK = ("llama", "mixtral", "gemma3", "t5gemma", "mbart")
"""Those with peculiarities; the others are slow tests."""
NAMES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in RECIPES]
WITH_ADAPTERS = [name for name in RECIPES if RECIPES[name].has_all_linear]
MakeCheckpoint = Callable[[str], Path]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, examples: list[Example]) -> MakeCheckpoint:
    """Makes the checkpoint of an architecture, once."""
    root = tmp_path_factory.mktemp("matrix")
    texts = [text for example in examples for text in GnerFormat().queries(example)[0]]

    def make(name: str) -> Path:
        folder = root / name
        return folder if folder.exists() else make_checkpoint(name, folder, texts)

    return make


@pytest.fixture(autouse=True)
def _tidy() -> Any:
    """Use one thread, which is faster for small operations, and free networks after each test."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)
    gc.collect()


def _auto(network: PreTrainedModel) -> Any:
    return AutoModelForSeq2SeqLM if network.config.is_encoder_decoder else AutoModelForCausalLM


def _logits(network: PreTrainedModel, seed: int = 0) -> Tensor:
    ids = torch.randint(5, 140, (2, 9), generator=torch.Generator().manual_seed(seed))
    more = {"decoder_input_ids": ids} if network.config.is_encoder_decoder else {}
    with torch.no_grad():
        return network.eval()(input_ids=ids, **more).logits


def _check_loaded(network: PreTrainedModel, trained: PreTrainedModel) -> None:
    """Check that weights are the same to the bit; kernels may add in another order where these lie in memory."""
    weights = trained.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in network.state_dict().items())
    torch.testing.assert_close(_logits(network), _logits(trained), rtol=1e-4, atol=1e-5)


def _check_export(folder: Path, source: Path, network: PreTrainedModel) -> None:
    """Check that bare transformers loads an export: nothing missing, the source's names, equal logits."""
    loaded, found = _auto(network).from_pretrained(folder, output_loading_info=True)
    assert not any(found.values()), found
    assert _names(folder) == _names(source)
    torch.testing.assert_close(_logits(loaded), _logits(network), rtol=1e-4, atol=1e-3)


def _names(folder: Path) -> set[str]:
    names: set[str] = set()
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            names.update(file.keys())
    return names


def _fit(backbone: Path, root: Path, run: Path, **model: Any) -> GnerCLI:
    """Three steps and a validation."""
    settings = {
        "model": {
            "backbone": str(backbone),
            "decoding": {"class_path": "Speculative", "init_args": {"max_new_tokens": 12}},
            "optimization": {"lr": 0.01},
            **model,
        },
        "data": {"root": str(root), "train": ["toy"], "val": ["toy"], "batch_size": 2},
        "trainer": {
            "default_root_dir": str(run),
            "accelerator": "cpu",
            "max_steps": 3,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "logger": False,
            "num_sanity_val_steps": 0,
        },
    }
    config = run.with_suffix(".yaml")
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    cli = GnerCLI("fit", ["--config", str(config)])
    cli.run()
    return cli


@pytest.mark.parametrize("name", NAMES)
def test_strategies_write_the_same_as_bare_generate(
    name: str, checkpoint: MakeCheckpoint, examples: list[Example]
) -> None:
    backbone, gner_format = Backbone(str(checkpoint(name))), GnerFormat(instruction=None)
    collate = Collator(gner_format, backbone)
    model = TinyModel(backbone.build().eval(), backbone.tokenizer, gner_format, collate)
    assert (why_no_drafts(model.network) is None) == RECIPES[name].has_drafts
    end = model.tokenizer.eos_token_id
    config = GenerationConfig(
        max_new_tokens=20,
        num_beams=1,
        do_sample=False,
        eos_token_id=end,
        pad_token_id=model.tokenizer.pad_token_id,
        decoder_start_token_id=getattr(model.network.config, "decoder_start_token_id", None),
    )
    model.network.generation_config = GenerationConfig()  # BART's would force an end token on truncated texts
    six = [*examples, examples[0]]
    for size in (1, 6):
        for start in range(0, 6, size):
            batch = model.batch(six[start : start + size])
            with torch.no_grad():
                written = model.network.generate(
                    input_ids=batch.prompt_ids, attention_mask=batch.prompt_mask, generation_config=config
                )
            answers = written[:, 1 if RECIPES[name].is_seq2seq else batch.prompt_ids.shape[1] :].tolist()
            bare = [row[: row.index(end) + 1] if end in row else row for row in answers]
            for strategy in (Greedy(20), Speculative(20)):
                with torch.no_grad():
                    assert [each.token_ids for each in strategy.generate(model, batch)] == bare, type(strategy)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_loaded_and_exported(name: str, checkpoint: MakeCheckpoint, toy_root: Path, tmp_path: Path) -> None:
    cli = _fit(checkpoint(name), toy_root, tmp_path / "run")
    assert {"val/f1", "val/loss"} <= set(cli.trainer.callback_metrics)
    trained = cli.model.network
    _check_loaded(load(tmp_path / "run" / "last").network, trained)
    export_run(["--ckpt", str(tmp_path / "run" / "checkpoints" / "last.ckpt"), "--out", str(tmp_path / "out")])
    _check_export(tmp_path / "out", checkpoint(name), trained)


@pytest.mark.parametrize("name", [param for param in NAMES if param != "mamba"])
def test_adapters_on_all_linear_layers_survive_loading_and_export(
    name: str, checkpoint: MakeCheckpoint, toy_root: Path, tmp_path: Path
) -> None:
    if not RECIPES[name].has_all_linear:
        pytest.skip("peft refuses these layers")
    lora = {"r": 2, "alpha": 16, "dropout": 0.0, "target_modules": "all-linear"}
    cli = _fit(checkpoint(name), toy_root, tmp_path / "run", lora=lora)
    trained = cli.model.network
    moved = [parameter for key, parameter in trained.named_parameters() if "lora_B" in key]
    assert any(parameter.abs().sum() > 0 for parameter in moved)
    checkpoint_file = str(tmp_path / "run" / "checkpoints" / "last.ckpt")
    _check_loaded(load(tmp_path / "run" / "last").network, trained)
    export_run(["--ckpt", checkpoint_file, "--out", str(tmp_path / "merged")])
    _check_export(tmp_path / "merged", checkpoint(name), trained)
    export_run(["--ckpt", checkpoint_file, "--out", str(tmp_path / "adapter"), "--adapter-only"])
    torch.testing.assert_close(_logits(load(tmp_path / "adapter").network), _logits(trained), rtol=1e-5, atol=1e-5)


def _check_sharded(rank: int, folders: dict[str, Path], out: Path) -> None:
    distributed.init_process_group("gloo")
    for name, folder in folders.items():
        backbone = Backbone(str(folder))
        loras = [None, Lora(2, dropout=0.0, target_modules="all-linear")] if RECIPES[name].has_all_linear else [None]
        for lora in loras:

            def prepare(network: PreTrainedModel, lora: Lora | None = lora) -> None:
                if lora is not None:
                    lora.add_to(network, needs_input_grads=False)

            torch.manual_seed(1)
            whole = backbone.build()
            prepare(whole)
            strategy = make_strategy(2)
            sharded = build_network(backbone, strategy, prepare)
            _set_adapters(whole, sharded)
            with strategy.generation(sharded):
                found = _logits(sharded, rank)
            torch.testing.assert_close(found, _logits(whole, rank), rtol=1e-4, atol=1e-4, msg=f"{name} {lora}")
            folder_out = out / f"{name}_{lora is not None}"
            export(sharded, backbone.tokenizer, folder_out, max_file_size="20KB")
            _check_export(folder_out, folder, whole)
    distributed.barrier()
    distributed.destroy_process_group()


def _set_adapters(whole: PreTrainedModel, sharded: PreTrainedModel) -> None:
    """Give both networks the same nonzero adapters."""
    parameters = dict(whole.named_parameters())
    for name, parameter in sharded.named_parameters():
        if ".lora_" in name:
            value = 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name)))
            fill_rows(parameter, value)
            fill_rows(parameters[name], value)


@pytest.mark.slow
def test_sharded_networks_are_loaded_and_exported_like_whole_ones(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    run_processes(_check_sharded, 2, {name: checkpoint(name) for name in RECIPES}, tmp_path)


def test_the_page_of_backbones_matches_the_tests() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Run python -m tests.models.backbones_page."
