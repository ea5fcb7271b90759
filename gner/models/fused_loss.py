"""The loss of a network that writes, from its hidden states: logits are computed in chunks and thrown away.

As in Cut Cross-Entropy (Wijmans et al., 2024, arXiv 2411.09009), but with torch's own operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from gner.decoding.forward_pass import MOST_LOGITS
from gner.decoding.head import replaced_forward
from gner.errors import UserError
from gner.interfaces import IGNORED, Kind, kind_of

_NUM_PROBED = 6
"""Tokens of the sentence on which a network is compared with what is computed here."""

_LARGEST = 64
"""Of the logits in that comparison. They are whole numbers, so that each dtype holds them exactly."""

_TOLERANCE = 1e-5
"""A soft cap of 1,000 changes the loss by 1e-3."""


class FusedLoss:
    """Mean cross-entropy per learned token, the same as a network's own with ``labels``.

    The head's ``forward`` is replaced during a pass, so that its weights are used where the network uses them: where
    FSDP has gathered them, and where T5 has scaled the states.

    Example:
        >>> from gner.testing import tiny_model
        >>> network, tokens = tiny_model("causal").network, torch.tensor([[5, 6, 7]])
        >>> fused = FusedLoss()(network, {"input_ids": tokens}, labels=tokens)
        >>> torch.allclose(fused, network(input_ids=tokens, labels=tokens).loss)
        True
    """

    def __init__(self) -> None:
        self._is_checked = False

    def __call__(self, network: PreTrainedModel, inputs: Mapping[str, Any], labels: Tensor) -> Tensor:
        """Compute the loss; the first time, check that the network has no other loss.

        Processes that share the weights of a network must call this together.

        Args:
            network: A seq2seq or causal one.
            inputs: Of its ``forward``, without labels; of a seq2seq one, what the decoder reads too.
            labels: Target token ids, -100 where nothing is learned; shape (N, S), seq2seq (N, T).

        Returns:
            A scalar; 0 if nothing is learned at all.

        Raises:
            UserError: The network's own loss is another.
        """
        return self.of_targets(network, inputs, _targets(network, labels))

    def of_targets(self, network: PreTrainedModel, inputs: Mapping[str, Any], targets: Tensor) -> Tensor:
        """The same, given what the decoder is to give at each place that it reads, (B, L)."""
        if not self._is_checked:
            check_loss(network, targets.device)
            self._is_checked = True
        losses: list[Tensor] = []

        def as_logits(states: Tensor) -> Tensor:
            """The loss, in the shape of logits: what FSDP waits for in the backward pass is what the head gives."""
            losses.append(head_loss(_head(network), states, targets).reshape(1, 1, 1))
            return losses[-1]

        own = network.forward

        def as_output(**arguments: Any) -> Tensor:
            """Run the network, and give the loss in place of its output."""
            with replaced_forward(_head(network), as_logits):
                own(**arguments)
            return losses[0].reshape(())

        with replaced_forward(network, as_output):
            loss: Tensor = network(**inputs, use_cache=False)
        return loss


def make_fused_loss(kind: Kind) -> FusedLoss:
    """The fused loss of a kind of backbone.

    Raises:
        UserError: The backbone does not write, or torch lacks the operation.

    Example:
        >>> make_fused_loss(Kind.ENCODER)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a backbone that writes for fused_loss, got a tagger, ... Set model.fused_loss...
    """
    if kind is Kind.ENCODER:
        raise UserError(
            "Expected a backbone that writes for fused_loss, got a tagger, whose loss is over a few tags and not "
            "over a vocabulary. Set model.fused_loss to false."
        )
    if not hasattr(functional, "linear_cross_entropy") or not hasattr(nn, "LinearCrossEntropyOptions"):
        raise UserError(
            f"Expected a torch with linear_cross_entropy in chunks for fused_loss, such as 2.13, got "
            f"{torch.__version__}. Update torch, or set model.fused_loss to false."
        )
    return FusedLoss()


def head_loss(head: nn.Linear, states: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of what a linear layer gives, without all of it in memory.

    Args:
        head: Its weight has shape (V, H).
        states: What it reads, (B, L, H).
        targets: What it is to give at each place, -100 where nothing is learned, (B, L).

    Returns:
        A scalar in fp32; 0 if nothing is learned.

    Raises:
        UserError: The network's head reads other places than those of its tokens.

    Example:
        >>> head, states = nn.Linear(2, 5), torch.randn(1, 3, 2)
        >>> loss = head_loss(head, states, torch.tensor([[4, IGNORED, 0]]))
        >>> torch.allclose(loss, functional.cross_entropy(head(states[0, [0, 2]]), torch.tensor([4, 0])))
        True
    """
    if states.shape[:-1] != targets.shape:
        raise _another_loss(f"a head that reads {tuple(states.shape[:-1])} places for {tuple(targets.shape)} tokens")
    is_learned = targets != IGNORED
    states, weight, bias = _as_autocast(states[is_learned]), _as_autocast(head.weight), head.bias
    options = nn.LinearCrossEntropyOptions(batch_chunk_size=max(1, MOST_LOGITS // len(weight)))
    # Torch's mean adds up in the states' dtype: in bf16 it is wrong by several percent. Single losses are not, and
    # their gradients see the scale of the loss that keeps those of fp16 from vanishing.
    with torch.autocast(states.device.type, enabled=False):
        losses = functional.linear_cross_entropy(
            states,
            weight,
            targets[is_learned],
            linear_bias=None if bias is None else bias.to(weight.dtype),
            reduction="none",
            options=options,
        )
    return losses.float().sum() / max(1, len(losses))


def check_loss(network: PreTrainedModel, device: torch.device) -> None:
    """Refuse a network whose loss is not the cross-entropy of what a linear head gives.

    The network is given logits in place of those of its head, and its loss must be that of these logits: a soft cap, a
    scale, a bias or another loss that is added makes a difference.

    Args:
        network: A seq2seq or causal one.
        device: Where its inputs are.

    Raises:
        UserError: It has adapters on its head, no linear head, or another loss.

    Example:
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("causal").network
        >>> check_loss(network, torch.device("cpu"))
        >>> network.lm_head = nn.Sequential(network.lm_head, nn.Tanh())
        >>> check_loss(network, torch.device("cpu"))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a network whose loss ... got a head of the class Sequential...
    """
    head = _head(network)
    if getattr(type(head), "forward", None) is not nn.Linear.forward:
        raise _another_loss(f"a head of the class {type(head).__name__}, which is not a linear layer without adapters")
    tokens = torch.arange(_NUM_PROBED, device=device)[None] % len(head.weight)
    labels = torch.where(tokens == 2, IGNORED, tokens)
    inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "labels": labels}
    if kind_of(network.config) is Kind.SEQ2SEQ:
        inputs["decoder_input_ids"] = tokens
    logits = _random_logits(len(head.weight)).to(device)
    with without_traces(device), replaced_forward(head, lambda states: logits):
        loss: Tensor = network(**inputs, use_cache=False).loss
    expected = functional.cross_entropy(logits[0], _targets(network, labels)[0], ignore_index=IGNORED)
    if not torch.allclose(loss.float(), expected, rtol=_TOLERANCE):
        settings = {key: value for key, value in network.config.to_dict().items() if "logit" in key and value}
        found = f" (its configuration has {settings})" if settings else ""
        raise _another_loss(f"one that changes what the head gives, or adds to the loss{found}")


def _random_logits(vocab_size: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (1, _NUM_PROBED, vocab_size)
    return torch.randint(-_LARGEST, _LARGEST + 1, shape, generator=generator).float()


@contextmanager
def without_traces(device: torch.device) -> Iterator[None]:
    """A pass after which the run is as it was: the same random numbers follow, and nothing is compiled for it.

    Args:
        device: Where the network is.
    """
    with (
        torch.no_grad(),
        torch.random.fork_rng([device] if device.type == "cuda" else []),
        torch.compiler.set_stance("force_eager"),
    ):
        yield


def _another_loss(what: str) -> UserError:
    return UserError(
        "Expected a network whose loss is the cross-entropy of what its linear head gives, as fused_loss computes it, "
        f"got {what}. Set model.fused_loss to false."
    )


def _head(network: PreTrainedModel) -> nn.Linear:
    return cast(nn.Linear, network.get_output_embeddings())


def _targets(network: PreTrainedModel, labels: Tensor) -> Tensor:
    """What is to be given at each place; a causal network gives the next token."""
    if kind_of(network.config) is Kind.SEQ2SEQ:
        return labels
    return next_tokens(labels)


def next_tokens(labels: Tensor) -> Tensor:
    """What comes next at each place of rows of labels, (N, S).

    Example:
        >>> next_tokens(torch.tensor([[IGNORED, 7, 8]])).tolist()
        [[7, 8, -100]]
    """
    return functional.pad(labels[:, 1:], (0, 1), value=IGNORED)


def _as_autocast(tensor: Tensor) -> Tensor:
    """A tensor in the dtype in which autocast would compute."""
    device = tensor.device.type
    return tensor.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else tensor
