"""The networks that are measured: of true sizes, made on the device with random weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from gner.data.collate import Collator
from gner.data.reading.run_sources import read_dataset
from gner.data.synthetic import SyntheticCorpus
from gner.models import Backbone, FromScratch, GnerModule
from gner.models.lora import Lora
from gner.prompting import GnerFormat
from gner.records import Example


@dataclass(frozen=True)
class NetworkSize:
    """A Llama.

    Attributes:
        name: As it is called in the report.
        vocab_size: Rows of its embeddings.
        config: Its sizes.
        batch_size: Sentences of a training step.
        precision: The trainer's in training; decoding is in bf16.
        lora: Whether only adapters are trained.
        rate: Learning rate with which it is fitted before it decodes.
    """

    name: str
    vocab_size: int
    config: dict[str, Any]
    batch_size: int
    precision: str = "bf16-mixed"
    lora: bool = False
    rate: float = 1e-3


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Attributes:
        networks: Those that are trained; the first one is sharded too.
        decoding: Those that decode, and for how many seconds each is fitted first at most.
        num_sentences: Made-up sentences.
        batch_sizes: Of decoding, and how many sentences are decoded with each.
        step_seconds: How long training steps are timed for each row.
        row_seconds: What a row takes, about; one that compiles six times as much.
        compiles: Whether blocks are compiled.
    """

    networks: tuple[NetworkSize, ...]
    decoding: dict[str, float]
    num_sentences: int
    batch_sizes: dict[int, int]
    step_seconds: float
    row_seconds: float
    compiles: bool = field(default=True)


def _llama(hidden: int, intermediate: int, layers: int, heads: tuple[int, int], *, tied: bool) -> dict[str, Any]:
    """Sizes of a Llama, given the numbers of heads, and of heads of keys and values."""
    return {
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        "tie_word_embeddings": tied,
        "max_position_embeddings": 4096,
    }


FULL = Scale(
    networks=(
        NetworkSize("135M", 49_152, _llama(576, 1536, 30, (9, 3), tied=True), 64),  # SmolLM2's
        NetworkSize("1B", 128_256, _llama(2048, 8192, 16, (32, 8), tied=True), 32, rate=2e-4),  # Llama 3.2's
        NetworkSize("7B", 32_000, _llama(4096, 11_008, 32, (32, 32), tied=False), 16, "bf16-true", lora=True),  # 2's
    ),
    decoding={"135M": 45, "1B": 30},
    num_sentences=256,
    batch_sizes={1: 4, 16: 32, 64: 128},
    step_seconds=4,
    row_seconds=5,
)
TINY = Scale(
    networks=(
        NetworkSize("tiny", 1200, _llama(32, 64, 2, (2, 1), tied=True), 4),
        NetworkSize("tiny, adapters", 1200, _llama(32, 64, 2, (2, 2), tied=False), 4, "bf16-true", lora=True),
    ),
    decoding={"tiny": 2},
    num_sentences=8,
    batch_sizes={1: 2, 4: 8},
    step_seconds=0.1,
    row_seconds=0.1,
    compiles=False,
)
SCALES = {"full": FULL, "tiny": TINY}


class TrueSize(Backbone):
    """A backbone whose vocabulary is larger than that of its tokenizer, which was trained on a few sentences."""

    def __init__(self, source: FromScratch, num_embeddings: int) -> None:
        super().__init__(source)
        self.config.vocab_size = num_embeddings

    def build_random(self, dtype: torch.dtype | None = None) -> PreTrainedModel:
        """Make the network where tensors are made by default."""
        for name in ("pad_token_id", "bos_token_id", "eos_token_id"):
            setattr(self.config, name, getattr(self.tokenizer, name))
        network: PreTrainedModel = AutoModelForCausalLM.from_config(
            self.config, dtype=dtype or torch.get_default_dtype()
        )
        return network


def read_sentences(folder: Path, number: int) -> list[Example]:
    """Make up some sentences."""
    SyntheticCorpus("made_up", num_train=number, num_dev=1).write(folder)
    return read_dataset(folder, "made_up", "train")


def make_module(size: NetworkSize, examples: Sequence[Example]) -> GnerModule:
    """A module without its network, with a tokenizer for some sentences."""
    source = FromScratch("llama", min(1000, size.vocab_size), size.config)
    module = GnerModule(source, GnerFormat(), lora=Lora() if size.lora else None)
    backbone = TrueSize(source, size.vocab_size)
    backbone.set_tokenizer(backbone.train_tokenizer(Collator(module.format, backbone).texts(examples)))
    module.backbone = backbone
    return module


def build(size: NetworkSize, examples: Sequence[Example], device: torch.device) -> GnerModule:
    """A module with random weights on a device, in training mode, in the dtype of its precision."""
    module = make_module(size, examples)
    torch.manual_seed(0)
    dtype = torch.bfloat16 if size.precision == "bf16-true" else torch.float32
    with device, _default_dtype(dtype):
        module.configure_model()
    return module


def computing(size: NetworkSize, device: torch.device) -> torch.autocast:
    """The context of a forward pass in training."""
    return torch.autocast(device.type, torch.bfloat16, enabled=size.precision == "bf16-mixed")


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
