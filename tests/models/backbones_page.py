"""``docs/backbones.md``, generated from the tests: ``python -m tests.models.backbones_page`` rewrites it."""

from pathlib import Path

from gner.models.architecture import REFUSED
from tests.models.matrix import RECIPES

PAGE = Path(__file__).parents[2] / "docs" / "backbones.md"
EXAMPLES = {
    "llama": "Llama 2 and 3, TinyLlama, SmolLM2, Vicuna",
    "mistral": "Mistral 7B, Zephyr",
    "mixtral": "Mixtral 8x7B",
    "qwen3": "Qwen3 dense",
    "qwen3_moe": "Qwen3-30B-A3B",
    "qwen3_next": "Qwen3-Next",
    "olmoe": "OLMoE",
    "glm4_moe": "GLM-4.5",
    "gemma3": "Gemma 3 from 4B on, with images",
    "gemma3_text": "Gemma 3 270M and 1B",
    "gemma3n": "Gemma 3n, its text part",
    "gemma4": "Gemma 4, with images",
    "gemma4_text": "Gemma 4, its text part",
    "gpt2": "GPT-2, DistilGPT-2",
    "gpt_neox": "Pythia, GPT-NeoX",
    "gpt_oss": "gpt-oss",
    "deepseek_v3": "DeepSeek-V3 and R1",
    "lfm2": "LFM2",
    "mamba": "Mamba",
    "t5": "T5",
    "flan_t5": "flan-T5, T5 v1.1, GNER-T5",
    "umt5": "umT5",
    "byt5": "ByT5",
    "bart": "BART",
    "mbart": "mBART",
    "led": "LED",
    "t5gemma": "T5Gemma",
    "t5gemma2": "T5Gemma 2",
}
HEAD = """\
# Backbones

Any seq2seq or causal model of Hugging Face's `transformers` can be a backbone, unless it is refused: by name, from
a folder, or from random weights. This page is generated from the tests (`python -m tests.models.backbones_page`), and a
test compares it with them.

**Tested** is each of these, as a tiny checkpoint with a tokenizer of its family's kind: three steps and a
validation; greedy search and `Speculative` equal to bare `generate` at batch 1 and 6; the run reloaded with
equal logits; exported, so that bare `from_pretrained` reports nothing missing, unexpected or mismatched, with the
tensor names of the source checkpoint; adapters on all linear layers trained, loaded, merged and
exported; sharded over two processes (FSDP2), loaded and exported.

*Drafts*: `Speculative` verifies several tokens per pass; elsewhere it works like `Greedy` and logs that.
*Adapters*: on all linear layers (`target_modules: all-linear`); those on experts need `dropout: 0`. *Shards*: a
process reads only its own rows of tensors that are renamed or stacked; tensors that are split or merged otherwise
are read whole, one group at a time.
"""
REST = """\
Models that also read images or audio are trained on text; their other parameters are frozen, which is logged.
Encoders (BERT, RoBERTa, DeBERTa, ModernBERT, …) are refused: they are bidirectional, so they would see the answer
that they are trained to write. Code in a folder or a hub repository is never run.

Tokenizers are checked before weights are loaded: they need an end token, and an answer that is encoded and decoded
must keep its tags readable.
"""


def page() -> str:
    """The whole page."""
    lines = ["| model type | such as | kind | drafts | adapters |", "|---|---|---|---|---|"]
    for name, recipe in RECIPES.items():
        kind = "seq2seq" if recipe.is_seq2seq else "causal"
        drafts, adapters = ("yes" if has else "no" for has in (recipe.has_drafts, recipe.has_all_linear))
        lines.append(f"| `{recipe.model_type}` | {EXAMPLES[name]} | {kind} | {drafts} | {adapters} |")
    refused = ["| refused | why |", "|---|---|", *(f"| `{name}` | {why} |" for name, why in sorted(REFUSED.items()))]
    return "\n".join([HEAD, *lines, "", "## Refused", "", *refused, "", REST])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
