import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import distributed
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    PreTrainedModel,
)

from gner.cli import main
from gner.errors import UserError
from gner.models import Backbone, Lora
from gner.models.sharding import build_network, find_blocks
from tests.models.sharded import count_calls, logits_of, make_strategy, write
from tests.processes import run_processes

SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "vocab_size": 40}
SHAPES: dict[str, tuple[dict[str, Any], int]] = {
    "llama": (SMALL, 3),
    "mistral": ({**SMALL, "num_key_value_heads": 2}, 3),
    "qwen2": ({**SMALL, "num_key_value_heads": 2}, 3),
    "gemma": ({**SMALL, "num_key_value_heads": 2, "head_dim": 8}, 3),
    "phi": (SMALL, 3),
    "gpt_neox": (SMALL, 3),
    "opt": ({**SMALL, "ffn_dim": 32, "word_embed_proj_dim": 16}, 3),
    "gpt2": ({"n_embd": 16, "n_layer": 3, "n_head": 2, "vocab_size": 40}, 3),
    "t5": ({"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2, "vocab_size": 40}, 4),
    "mt5": ({"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2, "vocab_size": 40}, 4),
    "bart": (
        {
            **{"d_model": 16, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2, "vocab_size": 40},
            **{"decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32},
        },
        3,
    ),
}


def _empty(model_type: str) -> PreTrainedModel:
    sizes, _ = SHAPES[model_type]
    config = AutoConfig.for_model(model_type, pad_token_id=0, bos_token_id=1, eos_token_id=2, **sizes)
    auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    with torch.device("meta"):
        return auto.from_config(config)


@pytest.mark.parametrize("model_type", SHAPES)
def test_blocks_are_found_in_any_architecture(model_type: str) -> None:
    blocks = find_blocks(_empty(model_type))
    assert len(blocks) == SHAPES[model_type][1]
    assert find_blocks(_empty(model_type), [type(blocks[0]).__name__])


def test_a_network_without_blocks_is_refused() -> None:
    with pytest.raises(UserError, match=r"Expected a list of repeated blocks in Linear.*strategy.init_args.blocks"):
        find_blocks(torch.nn.Linear(2, 2))
    with pytest.raises(UserError, match="modules of the classes NoSuchBlock"):
        find_blocks(_empty("llama"), ["NoSuchBlock"])


def _check_sharded(rank: int, folders: dict[str, Path]) -> None:
    distributed.init_process_group("gloo")
    calls: list[str] = []
    count_calls(calls)
    for name, folder in folders.items():
        backbone = Backbone(str(folder))
        whole = backbone.build()
        written = {length: write(whole, length) for length in (3, 5, 9)}
        for decode in ("gather", "sharded"):
            strategy = make_strategy(2, decode=decode)
            network = build_network(backbone, strategy, lambda network: None).eval()
            num_here = sum(parameter.to_local().numel() for parameter in network.parameters())
            assert num_here < 0.6 * sum(parameter.numel() for parameter in whole.parameters()), name
            with strategy.generation(network), torch.no_grad():  # before any loss, as in the sanity check
                calls.clear()
                if decode == "gather":  # the processes may do different work: three texts here, one there
                    for length in (3, 5, 9) if rank else (9,):
                        assert write(network, length) == written[length], (name, decode)
                    assert not calls
                else:
                    for length in (3, 9):
                        assert write(network, length) == written[length], (name, decode)
                    assert calls
            assert torch.equal(logits_of(network), logits_of(whole)), (name, decode)
            loss = logits_of(network).square().mean()
            loss.backward()
            without = [key for key, parameter in network.named_parameters() if parameter.grad is None]
            assert not without, (name, decode, without)
            with strategy.generation(network), torch.no_grad():
                assert write(network, 5) == written[5]
    distributed.barrier()
    distributed.destroy_process_group()


def test_a_sharded_network_computes_the_same_as_a_whole_one(families: dict[str, Path]) -> None:
    run_processes(_check_sharded, 2, families)


def _check_lora(rank: int, folders: dict[str, Path]) -> None:
    distributed.init_process_group("gloo")
    for name, folder in folders.items():
        backbone = Backbone(str(folder))
        torch.manual_seed(0)
        lora = Lora(r=2, target_modules=["q", "v"] if name in ("t5", "flan") else None, dropout=0.0)
        network = build_network(
            backbone, make_strategy(2), lambda network, lora=lora: lora.add_to(network, needs_input_grads=False)
        ).eval()
        whole = backbone.build()
        lora.add_to(whole, needs_input_grads=False)
        assert torch.equal(logits_of(network), logits_of(whole.eval())), name
        trained = {key: parameter for key, parameter in network.named_parameters() if parameter.requires_grad}
        assert trained
        for key, parameter in trained.items():
            values = parameter.full_tensor()
            assert bool(values.any()) == (".lora_A." in key), key
            everywhere: list[Any] = [None, None]
            distributed.all_gather_object(everywhere, values)
            assert torch.equal(*everywhere)
        logits_of(network).square().mean().backward()
        assert all(parameter.grad is not None for parameter in trained.values())
    distributed.barrier()
    distributed.destroy_process_group()


def test_adapters_are_sharded_too(families: dict[str, Path]) -> None:
    run_processes(_check_lora, 2, families)


def _validate(rank: int, configs: list[Path], options: list[str]) -> None:
    for config in configs:
        main("validate", ["--config", str(config), *options])


@pytest.mark.slow
@pytest.mark.parametrize("num_processes", [2, 3])
def test_any_number_of_processes_gives_the_same_metrics(
    num_processes: int, families: dict[str, Path], write_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    sentence = "Ada\tB-person\nLovelace\tI-person\nwrote\tO\nto\tO\nLondon\tB-place\n"
    sizes = {f"n{size}": "\n".join(sentence * (1 + number % 3) for number in range(size)) for size in (1, 2, 5, 7, 13)}
    configs = []
    for name, text in sizes.items():
        root = write_dataset(name, dev=text)
        for family in ("t5", "llama"):
            config = tmp_path / f"{name}_{family}.yaml"
            num_beams = 4 if (len(configs) // 2 + (family == "t5")) % 2 else 1  # alternates within each family
            model = {
                "backbone": str(families[family]),
                "decoding": {"class_path": "BeamSearch", "init_args": {"num_beams": num_beams, "max_new_tokens": 12}},
            }
            settings = {
                "model": model,
                "data": {"root": str(root), "val": [name], "eval_batch_size": 2},
                "trainer": {"accelerator": "cpu", "enable_progress_bar": False},
            }
            config.write_text(yaml.safe_dump(settings), encoding="utf-8")
            configs.append(config)

    def results(run: Path) -> tuple[dict[str, float], str]:
        metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["validate"]["metrics"]
        return metrics, (run / "predictions" / "validate.jsonl").read_text(encoding="utf-8")

    expected = {}
    for config in configs:
        run = tmp_path / "one" / config.stem
        main("validate", ["--config", str(config), "--trainer.default_root_dir", str(run)])
        expected[config] = results(run)
    for config in configs:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        settings["trainer"] |= {
            "default_root_dir": str(tmp_path / "many" / config.stem),
            "devices": num_processes,
            "strategy": {"class_path": "gner.models.FSDP2Strategy", "init_args": {"compute_dtype": "fp32"}},
        }
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    run_processes(_validate, num_processes, configs, [])
    for config in configs:
        assert results(tmp_path / "many" / config.stem) == expected[config], config.stem


def _fit(rank: int, config: Path, options: list[str]) -> None:
    main("fit", ["--config", str(config), *options])


@pytest.mark.slow
def test_every_way_of_sharding_trains_the_same_weights(
    families: dict[str, Path], write_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    """Four processes: fully sharded, a copy on each of two nodes, offloaded to the CPU, and DDP."""
    sentence = "Ada\tB-person\nLovelace\tI-person\nwrote\tO\nto\tO\nLondon\tB-place\n"
    text = "\n".join(sentence * (1 + number % 3) for number in range(16))
    root = write_dataset("toy", train=text, dev=text)
    sharded: dict[str, Any] = {"compute_dtype": "fp32", "save_distributed_checkpoint": False}
    ways: dict[str, tuple[int, dict[str, Any]]] = {
        "sharded": (1, sharded),
        "hybrid": (2, {**sharded, "replicate_over_nodes": True}),
        "offloaded": (1, {**sharded, "cpu_offload": True}),
        "ddp": (1, {}),
    }
    weights = {}
    for way, (num_nodes, options) in ways.items():
        settings: dict[str, Any] = {
            "model": {
                "backbone": str(families["llama"]),
                "decoding": {"class_path": "Greedy", "init_args": {"max_new_tokens": 5}},
                "optimization": {"lr": 1e-2},
            },
            "data": {"root": str(root), "train": ["toy"], "val": ["toy"], "batch_size": 1},
            "trainer": {
                "accelerator": "cpu",
                "devices": 4 // num_nodes,
                "num_nodes": num_nodes,
                "strategy": {"class_path": "gner.models.FSDP2Strategy", "init_args": options} if options else "ddp",
                "max_steps": 2,
                "accumulate_grad_batches": 2,
                "gradient_clip_val": 0.5,
                "val_check_interval": 4,
                "check_val_every_n_epoch": None,
                "enable_progress_bar": False,
                "default_root_dir": str(tmp_path / way),
            },
        }
        config = tmp_path / f"{way}.yaml"
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        run_processes(_fit, 4, config, [], num_nodes=num_nodes)
        checkpoint = torch.load(tmp_path / way / "checkpoints" / "last.ckpt", weights_only=True)
        assert checkpoint["global_step"] == 2
        weights[way] = checkpoint["state_dict"]
    start = Backbone(str(families["llama"])).build().state_dict()
    assert all(not torch.equal(value, weights["ddp"][f"network.{name}"]) for name, value in start.items())
    for way, found in weights.items():
        for name, value in weights["ddp"].items():
            torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5, msg=f"{way} {name}")
