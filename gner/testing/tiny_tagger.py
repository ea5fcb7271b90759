"""Tiny taggers with random weights, for tests and examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from gner.data.tagging_collate import TaggingCollator
from gner.models import FromScratch, TaggerBackbone, TokenClassifier
from gner.prompting import DefaultFormat, Format
from gner.testing.strategy_contract import make_examples

_SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_T5_SIZES = {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2}


@dataclass(frozen=True)
class TinyTagger:
    """A token classifier with random weights.

    Attributes:
        backbone: Its tokenizer and tags.
        network: In evaluation mode.
        format: The default one.
        collate: Makes batches.
    """

    backbone: TaggerBackbone
    network: PreTrainedModel
    format: Format
    collate: TaggingCollator


def tiny_tagger(model_type: str, *, config: dict[str, Any] | None = None, **options: Any) -> TinyTagger:
    """A tagger that knows nothing.

    Args:
        model_type: A model type of Hugging Face.
        config: Its sizes; by default those of small encoders.
        options: Of `TokenClassifier`.

    Example:
        >>> tiny_tagger("llama", repeat=1).backbone.tagging
        Tagging(repeat=1, reads_types=False)
    """
    sizes = config or (_T5_SIZES if "t5" in model_type else _SIZES)
    backbone = TaggerBackbone(TokenClassifier(FromScratch(model_type, vocab_size=400, config=sizes), **options))
    collate = TaggingCollator(backbone)
    examples = make_examples()
    backbone.set_tokenizer(backbone.train_tokenizer(collate.texts(examples)))
    backbone.set_types(examples[0].types)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = backbone.build().eval()
    return TinyTagger(backbone, network, DefaultFormat(), collate)
