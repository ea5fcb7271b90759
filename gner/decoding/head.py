"""A network's head applied to states in chunks, so that logits of a large vocabulary need little memory at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, BaseModelOutputWithPastAndCrossAttentions

from gner.decoding.forward_pass import MOST_LOGITS, is_sharded
from gner.interfaces import Kind, kind_of

_MOST_PLACES = 2**14
"""Drafted tokens in all rows of a pass, whose states are kept until the head has seen them."""


def run_decoder(network: PreTrainedModel, inputs: Mapping[str, Any]) -> tuple[Tensor, Any]:
    """Run a network without its head, but for one place.

    Args:
        network: A seq2seq or causal one.
        inputs: Of its ``forward``.

    Returns:
        Last hidden states of the decoder, (B, L, H), and the network's output, whose logits are of no use.

    Example:
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("causal").network
        >>> with torch.inference_mode():
        ...     states, output = run_decoder(network, {"input_ids": torch.tensor([[5, 6, 7]])})
        >>> tuple(states.shape), tuple(output.logits.shape)[:2]
        ((1, 3, 16), (1, 1))
    """
    states: list[Tensor] = []

    def keep(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> Any:
        """Take the states, and leave one for the head."""
        states.append(output[0])
        return _with_states(output, output[0][:1, :1])

    handle = network.get_decoder().register_forward_hook(keep)
    try:
        output = network(**inputs)
    finally:
        handle.remove()
    return states[0], output


def head_logits(network: PreTrainedModel, states: Tensor) -> Tensor:
    """What a network's own head makes of states, with its scaling and soft caps.

    Args:
        network: A seq2seq or causal one.
        states: Of the decoder's last layer, (M, H).

    Returns:
        Logits, (M, V).

    Example:
        >>> from gner.testing import tiny_model
        >>> network, inputs = tiny_model("causal").network, {"input_ids": torch.tensor([[5, 6, 7]])}
        >>> with torch.inference_mode():
        ...     torch.equal(head_logits(network, run_decoder(network, inputs)[0][0]), network(**inputs).logits[0])
        True
    """
    output = _States(last_hidden_state=states.unsqueeze(0))
    token = torch.zeros(1, 1, dtype=torch.long, device=states.device)
    inputs: dict[str, Any] = {"input_ids": token}
    if kind_of(network.config) is Kind.SEQ2SEQ:
        inputs = {"encoder_outputs": BaseModelOutput(last_hidden_state=states[:1, None]), "decoder_input_ids": token}
    with replaced_forward(network.get_decoder(), lambda *arguments, **named: output):
        logits: Tensor = network(**inputs, use_cache=False).logits
    return logits[0]


class _States(BaseModelOutputWithPastAndCrossAttentions):
    """What a decoder gives, with nothing but states."""

    def __getattr__(self, name: str) -> None:
        """Nothing, for what some decoders give too, such as logits of a router."""
        if name.startswith("__"):
            raise AttributeError(name)


@contextmanager
def replaced_forward(module: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """Have a module call a function instead of its own ``forward``; its hooks stay.

    Args:
        module: Of any network.
        forward: Gets what the module is called with.

    Example:
        >>> layer = nn.Identity()
        >>> with replaced_forward(layer, lambda number: number + 1):
        ...     layer(1)
        2
        >>> layer(1)
        1
    """
    own = module.__dict__.get("forward")
    module.forward = forward
    try:
        yield
    finally:
        if own is None:
            del module.forward
        else:
            module.forward = own


def logits_in_chunks(network: PreTrainedModel, states: Tensor) -> Iterator[Tensor]:
    """Logits of states, as many at once as `MOST_LOGITS` allows; all at once where the network is sharded.

    Processes that share the weights of a head must apply it equally often.

    Args:
        network: A seq2seq or causal one.
        states: Of the decoder's last layer, (M, H).

    Yields:
        Logits of the next states in fp32, (m, V).

    Example:
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("causal").network
        >>> with torch.inference_mode():
        ...     [len(logits) for logits in logits_in_chunks(network, torch.zeros(7, 16))]
        [7]
    """
    size = max(1, len(states) if is_sharded(network) else MOST_LOGITS // vocab_size(network))
    for start in range(0, len(states), size):
        yield head_logits(network, states[start : start + size]).float()


def logits_at(network: PreTrainedModel, inputs: Mapping[str, Any], places: Tensor) -> Iterator[Tensor]:
    """Logits of some places of a pass, of as many at once as `MOST_LOGITS` allows; the first in the pass itself.

    Args:
        network: A causal one.
        inputs: Of its ``forward``, for one row of N tokens.
        places: M of the N.

    Yields:
        Logits of the next places in fp32, (m, V).

    Example:
        >>> from gner.testing import tiny_model
        >>> network, inputs = tiny_model("causal").network, {"input_ids": torch.tensor([[5, 6, 7]])}
        >>> with torch.inference_mode():
        ...     [logits] = logits_at(network, inputs, torch.tensor([0, 2]))
        ...     torch.equal(logits, network(**inputs).logits[0, [0, 2]])
        True
    """
    size = len(places) if is_sharded(network) else MOST_LOGITS // vocab_size(network)
    rest: list[Tensor] = []

    def keep(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> Any:
        """Leave the states of the first places for the head."""
        states = output[0][0, places]
        rest.append(states[size:])
        return _with_states(output, states[:size].unsqueeze(0))

    handle = network.get_decoder().register_forward_hook(keep)
    try:
        logits: Tensor = network(**inputs).logits
    finally:
        handle.remove()
    yield logits[0].float()
    yield from logits_in_chunks(network, rest[0])


def _with_states(output: Any, states: Tensor) -> Any:
    """What a decoder gives, with other states."""
    if isinstance(output, tuple):
        return (states, *output[1:])
    output["last_hidden_state"] = states
    return output


def log_probs_of(network: PreTrainedModel, states: Tensor, asked: Sequence[Collection[int]]) -> list[list[float]]:
    """Log-probabilities of some next tokens.

    Args:
        network: A seq2seq or causal one.
        states: Of the decoder's last layer, (M, H).
        asked: For each of the M places, the tokens that are asked for.

    Example:
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("causal").network
        >>> with torch.inference_mode():
        ...     [[value], two] = log_probs_of(network, torch.zeros(2, 16), [[5], [6, 7]])
        >>> len(two), value == -torch.tensor(float(vocab_size(network))).log().item()
        (2, True)
    """
    values: list[float] = []
    start = 0
    for logits in logits_in_chunks(network, states):
        flat: list[tuple[int, int]] = []
        for place, tokens in enumerate(asked[start : start + len(logits)]):
            flat += [(place, token) for token in tokens]
        places, wanted = torch.tensor(flat, device=logits.device).unbind(1)
        values += (logits[places, wanted] - logits.logsumexp(-1)[places]).tolist()
        start += len(logits)
    rest = iter(values)
    return [list(islice(rest, len(tokens))) for tokens in asked]


def most_places(network: PreTrainedModel) -> int:
    """How many places one pass may ask about: what memory allows.

    Example:
        >>> from gner.testing import tiny_model
        >>> most_places(tiny_model("causal").network)  # whatever the vocabulary is
        16384
    """
    return max(1, MOST_LOGITS // vocab_size(network)) if is_sharded(network) else _MOST_PLACES


def vocab_size(network: PreTrainedModel) -> int:
    """How many tokens a network gives logits for.

    Example:
        >>> from gner.testing import tiny_model
        >>> network = tiny_model("causal").network
        >>> vocab_size(network) == network.config.vocab_size
        True
    """
    size: int = network.get_output_embeddings().weight.shape[0]
    return size
