"""The loss of a causal network: shared beginnings are read once, and logits are computed where one is learned."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from gner.decoding.head import replaced_forward
from gner.decoding.token_masks import pair_masks, why_no_pairs
from gner.interfaces import IGNORED, Batch
from gner.models.fused_loss import FusedLoss, next_tokens, without_traces
from gner.packed_rows import PackedRows

_log = logging.getLogger("gner")
_TOKENS = ([3, 4, 5, 6, 7, 8], [3, 4, 5, 9, 6])
"""Two sequences on which a network is tried; they begin alike."""

_NUM_SHARED = 3
_TOLERANCE = {torch.float32: 1e-4}
_ROUGH_TOLERANCE = 5e-2
"""Of logits in 16 bits, relative to the largest one."""


@dataclass(frozen=True)
class Findings:
    """How a network can be trained.

    Attributes:
        has_plain_loss: Its own loss is the mean cross-entropy of its logits, so logits can be left out.
        why_not_packed: Why packed sequences are not the same to it as separate ones; None if they are.
    """

    has_plain_loss: bool
    why_not_packed: str | None


class CausalLoss:
    """Mean cross-entropy per learned token, as the network itself computes it with ``labels``.

    Args:
        fused: Computes it without logits; None for logits of learned places.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> batch, network = model.batch(make_examples()), model.network
        >>> rows = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask, "labels": batch.labels}
        >>> torch.allclose(CausalLoss()(network, batch), network(**rows).loss)
        True
    """

    def __init__(self, fused: FusedLoss | None = None) -> None:
        self._fused = fused
        self._found: Findings | None = None

    def packed(self, batch: Batch) -> PackedRows | None:
        """What of a batch was read in place of its sequences; None where they are read as they are."""
        is_packed = self._found is not None and self._found.why_not_packed is None
        return batch.packed if is_packed else None

    def __call__(self, network: PreTrainedModel, batch: Batch) -> Tensor:
        """Compute the loss of a batch; the first time, try what the network can do.

        Processes that share the weights of a network must call this together.

        Returns:
            A scalar; 0 if nothing is learned at all.
        """
        if self._found is None:
            self._found = find_out(network, batch.input_ids.device)
            _report(self._found)
        packed = self.packed(batch)
        if packed is not None:
            inputs, targets = packed_inputs(network, packed), packed.targets
        else:
            inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
            targets = next_tokens(batch.labels)
        if self._fused is not None:
            return self._fused.of_targets(network, inputs, targets)
        if self._found.has_plain_loss:
            return learned_loss(network, inputs, targets)
        loss: Tensor = network(**inputs, labels=batch.labels, use_cache=False).loss
        return loss


def packed_inputs(network: PreTrainedModel, packed: PackedRows) -> dict[str, Any]:
    """What a network reads of packed sequences.

    Args:
        network: One that takes masks for each pair of tokens.
        packed: The sequences.
    """
    mask = pair_masks(network, packed.visible(), packed.position_ids, packed.position_ids)
    return {"input_ids": packed.input_ids, "attention_mask": mask, "position_ids": packed.position_ids}


def learned_loss(network: PreTrainedModel, inputs: Mapping[str, Any], targets: Tensor) -> Tensor:
    """Mean cross-entropy per learned token, with logits of the places where one is learned only.

    Args:
        network: A causal one whose own loss is this.
        inputs: Of its ``forward``, B rows of L tokens.
        targets: What is to come next, -100 where nothing is learned, (B, L).

    Returns:
        A scalar; 0 if nothing is learned.

    Example:
        >>> from gner.testing import tiny_model
        >>> network, tokens = tiny_model("causal").network, torch.tensor([[5, 6, 7]])
        >>> loss = learned_loss(network, {"input_ids": tokens}, torch.tensor([[IGNORED, 7, IGNORED]]))
        >>> torch.allclose(loss, functional.cross_entropy(network(tokens).logits[0, 1:2], tokens[0, 2:]))
        True
    """
    is_learned = targets != IGNORED
    head = network.get_output_embeddings()
    assert head is not None
    own = head.forward

    def where_learned(states: Tensor) -> Tensor:
        """Logits of learned places, (1, M, V)."""
        logits: Tensor = own(states[is_learned].unsqueeze(0))
        return logits

    with replaced_forward(head, where_learned):
        logits = network(**inputs, use_cache=False).logits[0]
    return functional.cross_entropy(logits.float(), targets[is_learned], reduction="sum") / max(1, len(logits))


def find_out(network: PreTrainedModel, device: torch.device) -> Findings:
    """Try how a causal network can be trained, on two short sequences.

    Args:
        network: Any causal one, in training mode or not.
        device: Where its inputs are.

    Example:
        >>> from gner.testing import tiny_model
        >>> find_out(tiny_model("causal").network, torch.device("cpu"))
        Findings(has_plain_loss=True, why_not_packed=None)
    """
    rows, packed = _trial(device)
    with without_traces(device), _evaluating(network):
        output = network(**rows, use_cache=False)
        expected = functional.cross_entropy(output.logits.float().flatten(0, 1), next_tokens(rows["labels"]).flatten())
        has_head = isinstance(network.get_output_embeddings(), nn.Module)
        is_plain = has_head and _is_close(output.loss.float(), expected, output.logits.dtype)
        reason = None if is_plain else "its loss is not the mean cross-entropy of its logits"
        reason = reason or why_no_pairs(network) or _why_other(network, packed, output.logits)
    return Findings(is_plain, reason)


def _trial(device: torch.device) -> tuple[dict[str, Tensor], PackedRows]:
    """Two sequences as rows, and packed."""
    one, other = (torch.tensor(tokens, device=device) for tokens in _TOKENS)
    mask = torch.ones(2, len(one), dtype=torch.long, device=device)
    mask[1, len(other) :] = 0
    tokens = torch.stack([one, functional.pad(other, (0, len(one) - len(other)))])
    labels = tokens.masked_fill(mask == 0, IGNORED)
    rests = [torch.arange(_NUM_SHARED, len(row), device=device) for row in (one, other)]
    positions = torch.cat([torch.arange(_NUM_SHARED, device=device), *rests])
    segments = torch.repeat_interleave(
        torch.arange(3, device=device), torch.tensor([_NUM_SHARED, *map(len, rests)], device=device)
    )
    ids = torch.cat([one, other[_NUM_SHARED:]])
    packed = PackedRows(ids[None], positions[None], segments[None], ids[None])
    return {"input_ids": tokens, "attention_mask": mask, "labels": labels}, packed


def _why_other(network: PreTrainedModel, packed: PackedRows, logits: Tensor) -> str | None:
    """What is different where sequences are packed, given the logits of separate ones."""
    try:
        found = network(**packed_inputs(network, packed), use_cache=False).logits[0]
    except (TypeError, ValueError, RuntimeError, IndexError, KeyError) as error:
        return f"it does not take a mask for each pair of tokens ({type(error).__name__})"
    first, second = map(len, _TOKENS)
    expected = torch.cat([logits[0, :first], logits[1, _NUM_SHARED:second]])
    if not _is_close(found, expected, logits.dtype):
        return "it computes something else from packed sequences"
    return None


def _is_close(found: Tensor, expected: Tensor, dtype: torch.dtype) -> bool:
    tolerance = _TOLERANCE.get(dtype, _ROUGH_TOLERANCE)
    return bool((found - expected).abs().max() <= tolerance * expected.abs().max())


@contextmanager
def _evaluating(network: PreTrainedModel) -> Iterator[None]:
    """Without dropout; afterwards each module is in the mode that it was in."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@rank_zero_only
def _report(found: Findings) -> None:
    if found.why_not_packed is not None:
        _log.info("Prompts that begin alike are read again in each sentence of a batch: %s.", found.why_not_packed)
