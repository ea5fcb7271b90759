"""Inputs of a forward pass, and keeping the ranks of a sharded network in step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor, distributed
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from gner.interfaces import Kind, Positions, kind_of

MOST_LOGITS = 2**26
"""Numbers that one pass may give at once: 256 MiB in fp32."""


def takes(network: PreTrainedModel, argument: str) -> bool:
    """Whether a network's ``forward`` has an argument of this name.

    Example:
        >>> from gner.testing import tiny_model
        >>> takes(tiny_model("causal").network, "position_ids"), takes(tiny_model("seq2seq").network, "position_ids")
        (True, False)
    """
    return argument in _arguments(type(network).forward)


@cache
def _arguments(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


def causal_inputs(network: PreTrainedModel, tokens: Tensor, mask: Tensor, num_logits: int) -> dict[str, Any]:
    """What a causal network reads in a pass over rows that are padded on the left.

    Args:
        network: Takes position ids and a number of logits, or does not.
        tokens: The new ones, (B, N).
        mask: 1 at tokens and 0 at padding, of what was read before too, (B, S + N).
        num_logits: How many last places are asked for.

    Example:
        >>> from gner.testing import tiny_model
        >>> tokens, mask = torch.tensor([[0, 0, 8], [7, 8, 9]]), torch.tensor([[0, 0, 1], [1, 1, 1]])
        >>> inputs = causal_inputs(tiny_model("causal").network, tokens, mask, num_logits=1)
        >>> inputs["position_ids"].tolist(), inputs["logits_to_keep"]
        ([[0, 0, 0], [0, 1, 2]], 1)
    """
    inputs: dict[str, Any] = {"input_ids": tokens, "attention_mask": mask}
    if takes(network, "position_ids"):  # the first token of a row is at position 0
        inputs["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
    if takes(network, "logits_to_keep"):
        inputs["logits_to_keep"] = num_logits
    return inputs


def answer_starts(network: PreTrainedModel, rows: Tensor) -> Tensor:
    """The token that a seq2seq network's decoder reads before an answer, for each of B rows of tokens, (B, 1).

    Example:
        >>> import torch
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("seq2seq").network
        >>> starts = answer_starts(network, torch.tensor([[5, 6], [7, 8]]))
        >>> starts.tolist() == [[network.config.decoder_start_token_id]] * 2
        True
    """
    return torch.full_like(rows[:, :1], network.config.decoder_start_token_id)


@contextmanager
def within_positions(network: PreTrainedModel) -> Iterator[None]:
    """Keep rows that are done within a network's positions while ``generate`` continues longer ones.

    It feeds them padding at one position after another, and a network that learns its positions has no more of them
    than it says. A row that is not done never gets there; see `gner.decoding.limits.positions_left`.
    """
    last = (positions_of(network.config).answer or 0) - 1

    def clamp(module: torch.nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Change the arguments of a pass."""
        positions = named.get("position_ids")
        return inputs, named if positions is None else {**named, "position_ids": positions.clamp(max=last)}

    if last < 0 or kind_of(network.config) is Kind.SEQ2SEQ:  # all rows of a seq2seq network are at the same position
        yield
        return
    hook = network.register_forward_pre_hook(clamp, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def keeps_keys_and_values_only(network: PreTrainedModel) -> bool:
    """Whether a network has no state but keys and values; windows of attention are in its masks."""
    return all(isinstance(layer, DynamicLayer) for layer in DynamicCache(config=network.config).layers)


def why_no_drafts(network: PreTrainedModel) -> str | None:
    """Why drafts cannot be checked in one pass over right-aligned columns, or None if they can.

    Example:
        >>> from transformers import BartConfig, BartForConditionalGeneration
        >>> from gner.testing import tiny_model
        >>> print(why_no_drafts(tiny_model("seq2seq").network))
        None
        >>> sizes = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "vocab_size": 99}
        >>> why_no_drafts(BartForConditionalGeneration(BartConfig(**sizes)))
        'its decoder counts positions from the first column of a batch'
    """
    if kind_of(network.config) is Kind.SEQ2SEQ:
        if hasattr(network.config, "relative_attention_num_buckets"):
            return None
        return "its decoder counts positions from the first column of a batch"
    if not takes(network, "position_ids"):
        return "it takes no position ids, so rows of a batch cannot be at different places"
    if not keeps_keys_and_values_only(network):
        return "it keeps a state that cannot be taken back to where a draft was wrong"
    return None


def positions_of(config: PreTrainedConfig) -> Positions:
    """How many tokens a network of a configuration can read and write.

    Encoder and decoder, and the text part of a network that reads images too, may have configurations of their own.

    Example:
        >>> from transformers import BartConfig, LlamaConfig, T5Config
        >>> [positions_of(config) for config in (BartConfig(), LlamaConfig(), T5Config())]
        [Positions(prompt=1024, answer=1024), Positions(prompt=2048, answer=2048), Positions(prompt=None, answer=None)]
    """
    decoder = config.get_text_config(decoder=True)
    answer = _first(decoder, "max_decoder_position_embeddings", "max_position_embeddings")
    if kind_of(config) is not Kind.SEQ2SEQ:
        return Positions(answer, answer)
    part = getattr(config, "encoder", None)
    encoder = part.get_text_config() if isinstance(part, PreTrainedConfig) else config
    return Positions(_first(encoder, "max_encoder_position_embeddings", "max_position_embeddings"), answer)


def _first(config: PreTrainedConfig, *names: str) -> int | None:
    """The first of some settings that a configuration has."""
    values = (getattr(config, name, None) for name in names)
    return next((value for value in values if value is not None), None)


def is_sharded(network: PreTrainedModel) -> bool:
    """Whether each process holds a part of the weights only, so that a pass needs all of them.

    Example:
        >>> from gner.testing import tiny_model
        >>> is_sharded(tiny_model("causal").network)
        False
    """
    is_shared = distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1
    return is_shared and getattr(network, "_is_fsdp_managed_module", False)


class Lockstep:
    """Has all processes do the same number of passes, where each holds a part of the weights only.

    Args:
        network: The one that the passes are of.
    """

    def __init__(self, network: PreTrainedModel) -> None:
        self._is_needed = is_sharded(network)
        self._device = network.device

    def goes_on(self, is_busy: bool) -> bool:
        """Whether any rank needs another pass; every process must ask before each pass.

        Example:
            >>> from gner.testing import tiny_model
            >>> lockstep = Lockstep(tiny_model("causal").network)
            >>> lockstep.goes_on(True), lockstep.goes_on(False)  # one process waits for no other
            (True, False)
        """
        if not self._is_needed:
            return is_busy
        busy = torch.tensor(int(is_busy), device=self._device)
        distributed.all_reduce(busy, distributed.ReduceOp.MAX)
        return bool(busy)
