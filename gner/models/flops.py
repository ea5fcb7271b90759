"""Estimates the floating-point operations of training from the shapes of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lightning.pytorch.utilities.rank_zero import rank_zero_warn
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from gner.errors import UserError, first_line
from gner.interfaces import Kind, kind_of
from gner.models.sharding import find_blocks


class TrainingFlops:
    """Counts the operations that the network itself needs for an example, forward and backward.

    As in PaLM (Chowdhery et al., 2022, arXiv 2204.02311, appendix B): two operations per token and matrix weight,
    twice as many backward, and those of attention over all positions. Frozen weights need no gradients of their own,
    and what gradient checkpointing recomputes counts once. Attention is left out where there is none, or where blocks
    and heads cannot be found.

    Args:
        network: Whole, sharded, or on the meta device.
        blocks: Class names of its blocks; None finds them.

    Example:
        >>> from gner.testing import tiny_model
        >>> flops = TrainingFlops(tiny_model("causal").network)
        >>> flops.of_example(10, 10) == flops.of_example(15, 5)  # a causal network reads both in one
        True
        >>> flops.of_example(20, 20) > 2 * flops.of_example(10, 10)  # attention grows with the square
        True
    """

    def __init__(self, network: PreTrainedModel, blocks: Sequence[str] | None = None) -> None:
        self._kind = kind_of(network.config)
        encoder = network.get_encoder() if self._kind is Kind.SEQ2SEQ else None
        num_encoder_blocks = _count_blocks(encoder, blocks) if encoder is not None else 0
        of_encoder = {id(parameter) for parameter in encoder.parameters()} if encoder is not None else set()
        tables = {id(parameter) for parameter in _embedding_tables(network)}
        self._per_token = {"encoder": 0, "decoder": 0}
        for parameter in network.parameters():
            if parameter.ndim >= 2 and id(parameter) not in tables:
                part = "encoder" if id(parameter) in of_encoder else "decoder"
                self._per_token[part] += _per_weight(parameter) * parameter.numel()
        head = network.get_output_embeddings()
        if head is not None and id(head.weight) in tables:  # tied: a lookup table at the input, a matrix at the output
            self._per_token["decoder"] += _per_weight(head.weight) * head.weight.numel()
        num_blocks = _count_blocks(network, blocks) - num_encoder_blocks
        products = 3 * 4  # two products of two operations, forward, and twice that backward
        self._per_pair = {
            "encoder": products * _attention_width(network.config, num_encoder_blocks),
            "decoder": products * _attention_width(network.config, num_blocks),
        }

    def of_example(self, num_prompt: int, num_answer: int) -> int:
        """Operations for an example with these numbers of tokens."""
        if self._kind is not Kind.SEQ2SEQ:
            length = num_prompt + num_answer
            return self._per_token["decoder"] * length + self._per_pair["decoder"] * length**2
        encoder = self._per_token["encoder"] * num_prompt + self._per_pair["encoder"] * num_prompt**2
        pairs = num_answer**2 + num_answer * num_prompt  # to itself, and to the encoder
        return encoder + self._per_token["decoder"] * num_answer + self._per_pair["decoder"] * pairs


@dataclass(frozen=True)
class Numbers:
    """Size of a network, and the operations of training on an example (see `TrainingFlops`), if known."""

    num_parameters: int
    num_trainable: int
    flops: TrainingFlops | None


def count_flops(network: PreTrainedModel, blocks: Sequence[str] | None = None) -> TrainingFlops | None:
    """The operations of training, or None, with a warning, if they cannot be counted for this network."""
    try:
        return TrainingFlops(network, blocks)
    except Exception as error:  # any attribute may be missing, and a statistic must not end a run
        rank_zero_warn(
            f"The floating-point operations of `{network.config.model_type}` cannot be counted, so utilisation and "
            f"hours are left out: {type(error).__name__}: {first_line(error)}"
        )
        return None


def _per_weight(parameter: Tensor) -> int:
    return 6 if parameter.requires_grad else 4


def _embedding_tables(network: nn.Module) -> list[Tensor]:
    return [module.weight for module in network.modules() if isinstance(module, nn.Embedding)]


def _count_blocks(network: nn.Module, names: Sequence[str] | None) -> int:
    try:
        return len(find_blocks(network, names))
    except UserError:
        return 0


def _attention_width(config: PreTrainedConfig, num_blocks: int) -> int:
    """Heads times head size, summed over all blocks."""
    settings: Any = config.get_text_config()
    if not num_blocks:
        return 0
    layers = list(getattr(settings, "per_layer_config", None) or ())
    if layers:  # Gemma 4: blocks with full attention have larger heads
        return sum(map(_block_width, layers))
    return num_blocks * _block_width(settings)


def _block_width(settings: Any) -> int:
    heads = getattr(settings, "num_attention_heads", None)
    if not isinstance(heads, int):
        return 0
    head_dim = getattr(settings, "d_kv", None) or getattr(settings, "head_dim", None) or settings.hidden_size // heads
    return int(heads * head_dim)
