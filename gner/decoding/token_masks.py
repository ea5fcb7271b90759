"""Attention masks that say for each pair of tokens whether one sees the other."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from gner.decoding.forward_pass import why_no_drafts

MOST_PAIRS = 2**25
"""Pairs of tokens of which one may see the other, in all rows of a pass: 128 MiB of mask in fp32."""

TAKEN_BY = ("eager", "sdpa")
"""Implementations of attention that take a mask for each pair of tokens."""

_NARROW = "sliding_attention"
_KNOWN_LAYERS = {"full_attention", _NARROW}
_OWN_WINDOWS = ("window_size", "attention_window", "attention_chunk_size")
"""Settings of networks that restrict attention by distances between columns, whatever the mask says."""


def why_no_pairs(network: PreTrainedModel) -> str | None:
    """Why a network takes no mask for each pair of tokens with positions for each token, or None if it does.

    Example:
        >>> from gner.testing import tiny_model
        >>> print(why_no_pairs(tiny_model("causal").network))
        None
    """
    implementation = network.config._attn_implementation
    if implementation not in TAKEN_BY:
        return f"its attention is `{implementation}`, which takes no mask for each pair of tokens"
    config = network.config.get_text_config(decoder=True)
    others = set(getattr(config, "layer_types", None) or ()) - _KNOWN_LAYERS
    others |= {name for name in _OWN_WINDOWS if getattr(config, name, None) is not None}
    reason = why_no_drafts(network)
    if reason is None and others:
        return f"its attention is restricted in a way that is not known here: {', '.join(sorted(others))}"
    return reason


def added_mask(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """What is added to attention scores, (B, 1, Q, K), given which of K tokens each of Q tokens sees, (B, Q, K).

    Example:
        >>> added_mask(torch.ones(1, 2, 2).tril().bool(), torch.float32)[0, 0].isfinite().tolist()
        [[True, True], [True, True]]
    """
    return torch.zeros_like(seen, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min).unsqueeze(1)


def pair_masks(network: PreTrainedModel, seen: Tensor, queries: Tensor, keys: Tensor) -> Tensor | dict[str, Tensor]:
    """The mask that each kind of a causal network's layers needs, as some may see the last tokens only.

    Args:
        network: One for which there is no reason in `why_no_pairs`.
        seen: Which of K tokens (columns) each of Q tokens (rows) sees, (B, Q, K).
        queries: Positions of the tokens that see, each in its text, (B, Q).
        keys: Positions of those that are seen, (B, K).

    Example:
        >>> from gner.testing import tiny_model
        >>> seen, positions = torch.ones(1, 3, 3).tril().bool(), torch.arange(3)[None]
        >>> pair_masks(tiny_model("causal").network, seen, positions, positions).shape
        torch.Size([1, 1, 3, 3])
    """
    mask = added_mask(seen, network.dtype)
    config = network.config.get_text_config(decoder=True)
    window, kinds = getattr(config, "sliding_window", None), set(getattr(config, "layer_types", None) or ())
    if window is None or (kinds and _NARROW not in kinds):
        return mask
    is_far = queries.unsqueeze(2) - keys.unsqueeze(1) >= window
    narrow = added_mask(seen & ~is_far, network.dtype)
    return {kind: narrow if kind == _NARROW else mask for kind in kinds} if kinds else narrow


def window_of(config: PreTrainedConfig, layer: int) -> int | None:
    """How many of the last tokens a layer of a causal network sees, the one that sees included; None for all.

    Example:
        >>> from transformers import Gemma3TextConfig, MistralConfig
        >>> kinds = ["sliding_attention", "full_attention"]
        >>> gemma = Gemma3TextConfig(num_hidden_layers=2, layer_types=kinds, sliding_window=8)
        >>> window_of(gemma, 0), window_of(gemma, 1), window_of(MistralConfig(sliding_window=9), 5)
        (8, None, 9)
    """
    kinds = getattr(config, "layer_types", None)
    window: int | None = getattr(config, "sliding_window", None)
    return window if not kinds or kinds[layer] == _NARROW else None
