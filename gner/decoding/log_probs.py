"""How probable a model finds what it wrote."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from gner.decoding.forward_pass import answer_starts, causal_inputs
from gner.decoding.shared_prefix import shared_prefix
from gner.interfaces import Batch, Kind, kind_of


def token_log_probs(network: PreTrainedModel, batch: Batch, written: list[list[int]]) -> list[list[float]]:
    """Log-probability of each written token given the prompt and the tokens before it.

    One forward pass over the finished texts. ``generate`` could return the same numbers, but keeps the scores of the
    whole vocabulary for every step until it ends.

    Args:
        network: The model that wrote.
        batch: Its R rows.
        written: Token ids of the R texts.

    Returns:
        One number per written token; they belong to the unmodified distribution (temperature 1).

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> batch = model.batch(make_examples()[:2])
        >>> with torch.inference_mode():
        ...     scores = token_log_probs(model.network, batch, [[5, 6, 7], [5]])
        >>> [len(row) for row in scores], all(score < 0 for score in scores[0])
        ([3, 1], True)
    """
    length = max((len(ids) for ids in written), default=0)
    if length == 0:
        return [[] for _ in written]
    pad = network.config.pad_token_id or 0
    rows = [ids + [pad] * (length - len(ids)) for ids in written]
    tokens = torch.tensor(rows, device=batch.prompt_ids.device)  # (B, T)
    there = torch.arange(length, device=tokens.device) < torch.tensor([[len(ids)] for ids in written]).to(tokens.device)
    logits = _logits(network, batch, tokens, there).float()  # (B, T, V)
    chosen = logits.gather(-1, tokens.unsqueeze(-1)).squeeze(-1) - logits.logsumexp(-1)
    return [row[: len(ids)] for row, ids in zip(chosen.tolist(), written, strict=True)]


def _logits(network: PreTrainedModel, batch: Batch, tokens: Tensor, there: Tensor) -> Tensor:
    """What the network predicts at each of the T written tokens, shape (B, T, V).

    Padding of shorter texts (false in ``there``) is at no new position, as a network may have no more of them.
    """
    if kind_of(network.config) is Kind.SEQ2SEQ:
        start = answer_starts(network, tokens)
        return network(
            input_ids=batch.prompt_ids,
            attention_mask=batch.prompt_mask,
            decoder_input_ids=torch.cat([start, tokens[:, :-1]], dim=1),
        ).logits
    mask = torch.cat([batch.prompt_mask, there.to(batch.prompt_mask.dtype)], dim=1)
    whole = torch.cat([batch.prompt_ids, tokens], dim=1)
    num_logits = tokens.shape[1] + 1  # the last token of the prompt predicts the first one of the answer
    shared = shared_prefix(network, batch)
    if shared is None:
        return network(**causal_inputs(network, whole, mask, num_logits)).logits[:, -num_logits:-1]
    inputs = causal_inputs(network, whole[:, shared.num_columns :], mask, num_logits)
    return network(**inputs, past_key_values=shared.fill(DynamicCache())).logits[:, -num_logits:-1]
