"""Tiny checkpoints of many architectures, each with a tokenizer of its family's kind."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
)

from tests.models.tokenizers import TOKENIZERS

_SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_GQA = {**_SIZES, "num_key_value_heads": 1, "head_dim": 8}
_EXPERTS = {"moe_intermediate_size": 16, "num_experts_per_tok": 2}
_QWEN_EXPERTS = {**_GQA, **_EXPERTS, "num_experts": 4}
_GEMMA = {**_GQA, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]}
_GEMMA4 = {**_GEMMA, "global_head_dim": 16, "hidden_size_per_layer_input": 8}
_VISION = {**_SIZES, "image_size": 8, "patch_size": 4, "num_channels": 3}
_T5 = {
    "d_model": 16,
    "d_kv": 8,
    "num_heads": 2,
    "d_ff": 32,
    "num_layers": 2,
    "initializer_factor": 2.0,
    "dropout_rate": 0.0,
}
_BART = {
    **{"d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32},
    **{"encoder_attention_heads": 2, "decoder_attention_heads": 2, "init_std": 0.3, "dropout": 0.0},
}


TEXTS = [
    "Ada(B-person) wrote(O) to(O) London(B-place) .(O)",
    "Use the specific entity tags: person, place and O.",
    " ".join([*string.ascii_letters, *string.digits, *string.punctuation]) * 3,
]


@dataclass(frozen=True)
class Recipe:
    """How to make a checkpoint of one architecture.

    Attributes:
        model_type: Hugging Face's name.
        tokenizer: Name of one of `TOKENIZERS`.
        config: Sizes.
        parts: Settings of nested configurations, which also need the vocabulary size.
        is_seq2seq: Seq2seq or causal.
        has_drafts: Whether `Speculative` verifies several tokens per pass.
        has_all_linear: Whether adapters can be put on all linear layers.
    """

    model_type: str
    tokenizer: str
    config: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_seq2seq: bool = False
    has_drafts: bool = True
    has_all_linear: bool = True


RECIPES: dict[str, Recipe] = {
    "llama": Recipe("llama", "bpe_fallback", _SIZES),
    "mistral": Recipe("mistral", "bpe_fallback", {**_GQA, "sliding_window": 16}),
    "mixtral": Recipe("mixtral", "bpe_fallback", {**_GQA, "num_local_experts": 4, "num_experts_per_tok": 2}),
    "qwen3": Recipe("qwen3", "byte_bpe", {**_GQA, "tie_word_embeddings": True}),
    "qwen3_moe": Recipe("qwen3_moe", "byte_bpe", _QWEN_EXPERTS),
    "qwen3_next": Recipe(
        "qwen3_next",
        "byte_bpe",
        {
            **_QWEN_EXPERTS,
            **{"linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8},
            **{"linear_value_head_dim": 8, "shared_expert_intermediate_size": 16},
            "layer_types": ["linear_attention", "full_attention"],
        },
        has_drafts=False,
    ),
    "olmoe": Recipe("olmoe", "byte_bpe", {**_SIZES, "num_experts": 4, "num_experts_per_tok": 2}),
    "glm4_moe": Recipe(
        "glm4_moe", "byte_bpe", {**_GQA, **_EXPERTS, "n_routed_experts": 4, "n_group": 1, "topk_group": 1}
    ),
    "gemma3": Recipe(
        "gemma3",
        "bpe_fallback",
        {"mm_tokens_per_image": 4},
        {"text_config": {**_GEMMA, "model_type": "gemma3_text"}, "vision_config": _VISION},
    ),
    "gemma3_text": Recipe("gemma3_text", "bpe_fallback", _GEMMA),
    "gemma3n": Recipe(
        "gemma3n_text",
        "bpe_fallback",
        {
            **_GEMMA,
            "hidden_size_per_layer_input": 8,
            "num_kv_shared_layers": 0,
            "laurel_rank": 4,
            "altup_num_inputs": 2,
            "activation_sparsity_pattern": [0.0, 0.0],
        },
    ),
    "gemma4": Recipe(
        "gemma4",
        "bpe_fallback",
        {"audio_config": None},
        {
            "text_config": {**_GEMMA4, "model_type": "gemma4_text"},
            "vision_config": {**_GQA, "patch_size": 4, "position_embedding_size": 16},
        },
    ),
    "gemma4_text": Recipe("gemma4_text", "bpe_fallback", _GEMMA4),
    "gpt2": Recipe("gpt2", "byte_bpe", {"n_embd": 16, "n_layer": 2, "n_head": 2}),
    "gpt_neox": Recipe("gpt_neox", "byte_bpe", _SIZES),
    "gpt_oss": Recipe(
        "gpt_oss",
        "byte_bpe",
        {**_GEMMA, "num_local_experts": 4, "num_experts_per_tok": 2},
    ),
    "deepseek_v3": Recipe(
        "deepseek_v3",
        "byte_bpe_begin",
        {
            **_SIZES,
            **_EXPERTS,
            **{"n_routed_experts": 4, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1, "q_lora_rank": 8},
            **{"kv_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4, "v_head_dim": 8},
        },
    ),
    "lfm2": Recipe("lfm2", "byte_bpe_begin", {**_GQA, "layer_types": ["conv", "full_attention"]}, has_drafts=False),
    "mamba": Recipe(
        "mamba",
        "byte_bpe",
        {"hidden_size": 16, "num_hidden_layers": 2, "state_size": 4},
        has_drafts=False,
        has_all_linear=False,
    ),
    "t5": Recipe("t5", "unigram", _T5, is_seq2seq=True),
    "flan_t5": Recipe("t5", "unigram", {**_T5, "feed_forward_proj": "gated-gelu"}, is_seq2seq=True),
    "umt5": Recipe("umt5", "unigram", _T5, is_seq2seq=True),
    "byt5": Recipe("t5", "bytes", {**_T5, "feed_forward_proj": "gated-gelu"}, is_seq2seq=True),
    "bart": Recipe("bart", "bart", _BART, is_seq2seq=True, has_drafts=False),
    "mbart": Recipe("mbart", "mbart", _BART, is_seq2seq=True, has_drafts=False),
    "led": Recipe(
        "led",
        "bart",
        {
            **_BART,
            "attention_window": 8,
            "max_encoder_position_embeddings": 512,
            "max_decoder_position_embeddings": 512,
        },
        is_seq2seq=True,
        has_drafts=False,
    ),
    "t5gemma": Recipe(
        "t5gemma",
        "bpe_fallback",
        {},
        {"encoder": {**_GEMMA}, "decoder": {**_GEMMA}},
        is_seq2seq=True,
        has_drafts=False,
    ),
    "t5gemma2": Recipe(
        "t5gemma2",
        "bpe_fallback",
        {},
        {
            "encoder": {"text_config": {**_GEMMA}, "vision_config": _VISION, "mm_tokens_per_image": 4},
            "decoder": {**_GEMMA},
        },
        is_seq2seq=True,
        has_drafts=False,
    ),
}


def make_checkpoint(name: str, folder: Path, texts: Sequence[str] = TEXTS) -> Path:
    """Write a checkpoint with random weights as ``save_pretrained`` of transformers does.

    Args:
        name: A key of `RECIPES`.
        folder: Where to write.
        texts: What the tokenizer is trained on.
    """
    recipe = RECIPES[name]
    tokenizer = TOKENIZERS[recipe.tokenizer](texts)
    ids: dict[str, Any] = {key: getattr(tokenizer, key) for key in ("pad_token_id", "bos_token_id", "eos_token_id")}
    ids["vocab_size"] = len(tokenizer)
    common = {"max_position_embeddings": 1024, "initializer_range": 0.3, "vocab_size_per_layer_input": len(tokenizer)}
    config = AutoConfig.for_model(recipe.model_type, **_completed(recipe, ids | common))
    if recipe.is_seq2seq:
        start = tokenizer.bos_token_id if recipe.tokenizer == "bpe_fallback" else tokenizer.pad_token_id
        config.decoder_start_token_id = tokenizer.eos_token_id if recipe.tokenizer == "bart" else start
    if recipe.tokenizer == "mbart":
        config.decoder_start_token_id = None
    auto = AutoModelForSeq2SeqLM if recipe.is_seq2seq else AutoModelForCausalLM
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = auto.from_config(config)
        for parameter in network.parameters():  # also those initialised to zero or one, so that all matter
            parameter.data += 0.05 * torch.randn_like(parameter)
    if name == "flan_t5":  # embeddings are shared, but the head is untied
        network.lm_head.weight = torch.nn.Parameter(torch.randn_like(network.lm_head.weight))
        network.all_tied_weights_keys.pop("lm_head.weight", None)
        network.config.tie_word_embeddings = False
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _completed(recipe: Recipe, common: dict[str, Any]) -> dict[str, Any]:
    """The configuration's settings, with the common ones added to each part that has them."""
    ids = {key: value for key, value in common.items() if key.endswith("_id") or key == "vocab_size"}
    if recipe.model_type == "mamba":
        return {**ids, **recipe.config}
    top = common if not recipe.parts else ids
    parts = {}
    for part, settings in recipe.parts.items():
        if "text_config" in settings:
            parts[part] = {**settings, "text_config": {**common, **settings["text_config"]}}
        else:
            parts[part] = {**common, **settings} if part != "vision_config" else dict(settings)
    return {**top, **recipe.config, **parts}
