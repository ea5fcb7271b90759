"""Networks that count positions otherwise than T5 and Llama do."""

from dataclasses import replace
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    BartConfig,
    BartForConditionalGeneration,
    BloomConfig,
    BloomForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
)

from gner.interfaces import Kind
from gner.testing import TinyModel

NETWORKS: dict[str, Kind] = {"bart": Kind.SEQ2SEQ, "gpt2": Kind.CAUSAL, "bloom": Kind.CAUSAL}

_LLAMA: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "initializer_range": 0.3,
}
_WINDOW = {"sliding_window": 11}  # shorter than prompts, and than what some have in common
_GEMMA = {**_LLAMA, **_WINDOW, "head_dim": 8, "layer_types": ["sliding_attention", "full_attention"]}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": _LLAMA,
    "mistral": {**_LLAMA, **_WINDOW},
    "qwen3": {**_LLAMA, "head_dim": 8},
    "gemma3_text": _GEMMA,
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "initializer_range": 0.3},
    "gpt_neox": {name: value for name, value in _LLAMA.items() if name != "num_key_value_heads"},
}


def with_network(model: TinyModel, name: str) -> TinyModel:
    """The model with another network of random weights."""
    ids = {key: getattr(model.tokenizer, key) for key in ("pad_token_id", "bos_token_id", "eos_token_id")}
    ids["vocab_size"] = len(model.tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network: PreTrainedModel
        if name == "bart":
            sizes = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 2}
            sizes |= {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
            sizes |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
            ids["decoder_start_token_id"] = ids["eos_token_id"]
            network = BartForConditionalGeneration(BartConfig(**ids, **sizes, init_std=0.5))
        elif name == "gpt2":
            network = GPT2LMHeadModel(GPT2Config(**ids, n_embd=16, n_layer=2, n_head=2, initializer_range=0.5))
        else:
            network = BloomForCausalLM(BloomConfig(**ids, hidden_size=16, n_layer=2, n_head=2, initializer_range=0.5))
    return replace(model, network=network.eval())


def with_architecture(model: TinyModel, name: str, attention: str = "sdpa") -> TinyModel:
    """The model with a causal network of one of `ARCHITECTURES`."""
    ids = {key: getattr(model.tokenizer, key) for key in ("pad_token_id", "bos_token_id", "eos_token_id")}
    config = AutoConfig.for_model(name, **ids, **ARCHITECTURES[name], vocab_size=len(model.tokenizer))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = AutoModelForCausalLM.from_config(config, attn_implementation=attention)
    return replace(model, network=network.eval())
