"""Verifies drafts of speculative decoding in one forward pass, with a KV cache that is truncated to what was right.

See docs/decisions/speculative.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from copy import copy
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import DynamicCache, EncoderDecoderCache, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from gner.decoding.cached_decoder import CachedDecoder, pick_columns
from gner.decoding.forward_pass import answer_starts, causal_inputs
from gner.decoding.head import logits_in_chunks, most_places, run_decoder
from gner.decoding.shared_prefix import shared_prefix
from gner.interfaces import Batch, Kind, kind_of


class Verifier(CachedDecoder):
    """Runs a network over drafts, and keeps in the KV cache what it agreed to.

    Columns of the cache are right-aligned: the last token of every row is in the last column, so that distances between
    columns are distances between tokens. That is what relative positions see, and position ids are counted from masks.

    Args:
        network: One of which `why_no_drafts` says nothing.
        batch: R rows, of which A are still being written.

    Attributes:
        most_places: How many drafted tokens a pass may verify.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> verifier = Verifier(model.network, model.batch(make_examples()[:2]))
        >>> with torch.inference_mode():
        ...     choices, log_probs = verifier.check([[5, 6], [5]])
        >>> [len(row) for row in choices]
        [3, 2]
    """

    def __init__(self, network: PreTrainedModel, batch: Batch) -> None:
        super().__init__(network, batch)
        self.most_places = most_places(network)
        if self._kind is Kind.SEQ2SEQ:
            self._next = answer_starts(network, batch.prompt_ids)  # (A, N), not in the cache yet
            self._mask = torch.ones_like(self._next)  # (A, S + N)
        else:
            self._next, self._mask = batch.prompt_ids, batch.prompt_mask
            shared = shared_prefix(network, batch)
            if shared is not None:
                shared.fill(self._cache)
                self._next = self._next[:, shared.num_columns :]

    def check(self, drafts: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[list[float]]]:
        """Verify A drafts.

        Returns:
            For each row the tokens that the network chooses in the place of each drafted one and after the draft, and
            their log-probabilities.
        """
        tokens, mask = self._padded(drafts)
        num_wanted = tokens.shape[1] + 1
        states = self._run(torch.cat([self._next, tokens], 1), torch.cat([self._mask, mask], 1))
        scores, choices = self._choose(states[:, -num_wanted:])
        sizes = [len(draft) + 1 for draft in drafts]
        chosen = [row[:size] for row, size in zip(choices.tolist(), sizes, strict=True)]
        return chosen, [row[:size] for row, size in zip(scores.tolist(), sizes, strict=True)]

    def _choose(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """The log-probabilities of the most probable tokens, and these, (A, N) each, given states, (A, N, H)."""
        scores, choices = [], []
        for logits in logits_in_chunks(self._network, states.flatten(0, 1)):
            best, chosen = logits.max(-1)
            scores.append(best - logits.logsumexp(-1))
            choices.append(chosen)
        return torch.cat(scores).view(states.shape[:2]), torch.cat(choices).view(states.shape[:2])

    def _padded(self, drafts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Token ids and mask of drafts, (A, N) each."""
        length = max(len(draft) for draft in drafts)
        padded = [[*draft, *[0] * (length - len(draft))] for draft in drafts]
        there = [[1] * len(draft) + [0] * (length - len(draft)) for draft in drafts]
        device = self._next.device
        tokens = torch.tensor(padded, dtype=torch.long, device=device).view(len(drafts), length)
        return tokens, torch.tensor(there, dtype=self._mask.dtype, device=device).view(len(drafts), length)

    def _run(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """The decoder's states of tokens, (A, N, H)."""
        if self._kind is Kind.SEQ2SEQ:
            return self.decode({"decoder_attention_mask": mask, "decoder_input_ids": tokens})
        return self.decode(causal_inputs(self._network, tokens, mask, num_logits=1))

    def keep(self, rows: Sequence[int], agreed: Sequence[int], last: Sequence[int]) -> None:
        """Go on with some rows, each with as many drafted tokens as it agreed to and a last one to come.

        Args:
            rows: Which of the A rows of the last `check` are not done.
            agreed: For each of the A rows, how many drafted tokens are kept.
            last: For each of the A rows, the token that the network chose after these.
        """
        device = self._next.device
        before = self._mask.shape[1]  # columns before the draft
        kept = torch.tensor([agreed[row] for row in rows], device=device)
        index = torch.tensor(list(rows), dtype=torch.long, device=device)
        used = self._mask[index].sum(-1) + kept  # tokens of each row that stay in the cache
        width = int(used.max())
        if len({agreed[row] for row in rows}) == 1:  # the usual case: the same columns of all rows, a view and no copy
            first = before + agreed[rows[0]] - width
            columns: Tensor | slice = slice(first, first + width)
        else:  # each row ends where its own draft went wrong: its last kept token moves to the last column
            columns = (before + kept - width).unsqueeze(1) + torch.arange(width, device=device)  # (A, S)
        self._select(None if len(rows) == len(agreed) else index, columns)
        there = torch.arange(width, device=device) >= width - used.unsqueeze(1)
        self._mask = torch.cat([there.long(), torch.ones_like(used).unsqueeze(1)], 1)
        tokens = [[last[row]] for row in rows]
        self._next = torch.tensor(tokens, dtype=torch.long, device=device).view(len(rows), 1)

    def _select(self, index: Tensor | None, columns: Tensor | slice) -> None:
        """Truncate the cache.

        Args:
            index: The rows that stay; None for all.
            columns: Of self-attention: the same for all rows, or for each row its own, (A, S).
        """
        for layer in self.layers(crossed=False):
            layer.keys = _pick(layer.keys, index, columns)
            layer.values = _pick(layer.values, index, columns)
        if index is not None:
            self.keep_prompts(index)

    def split(self, num_rows: int) -> Verifier:
        """Take the first of the A rows out; returns a verifier of these."""
        first, rows = copy(self), torch.arange(len(self._next), device=self._next.device)
        first._take(rows[:num_rows])
        self._take(rows[num_rows:])
        return first

    def _take(self, index: Tensor) -> None:
        """Go on with some rows, with a cache of their own."""
        cache = _of_rows(self.layers(crossed=False), index)
        crossed = self.layers(crossed=True)
        self._cache = EncoderDecoderCache(cache, _of_rows(crossed, index)) if crossed else cache
        self._next, self._mask, self._prompt_mask = self._next[index], self._mask[index], self._prompt_mask[index]
        self._encoded = None if self._encoded is None else self._encoded[index]

    def join(self, other: Verifier) -> None:
        """Take in the rows of another verifier of this network, after these; both have been told what to `keep`."""
        for crossed in (False, True):
            pairs = zip(self.layers(crossed=crossed), other.layers(crossed=crossed), strict=True)
            for layer, more in pairs:
                layer.keys = _stacked(layer.keys, more.keys, 2, on_left=not crossed)
                layer.values = _stacked(layer.values, more.values, 2, on_left=not crossed)
        self._next = torch.cat([self._next, other._next])
        self._mask = _stacked(self._mask, other._mask, 1, on_left=True)
        self._prompt_mask = _stacked(self._prompt_mask, other._prompt_mask, 1, on_left=False)
        if self._encoded is not None and other._encoded is not None:
            self._encoded = _stacked(self._encoded, other._encoded, 1, on_left=False)
            self._narrow_prompts(int(self._prompt_mask.sum(0).count_nonzero()))

    def _narrow_prompts(self, width: int) -> None:
        """Drop columns in which an encoder has read padding only, after those of rows that are gone."""
        for layer in self.layers(crossed=True):
            layer.keys, layer.values = layer.keys[:, :, :width], layer.values[:, :, :width]
        assert self._encoded is not None
        self._encoded, self._prompt_mask = self._encoded[:, :width], self._prompt_mask[:, :width]


def idle_padded(network: PreTrainedModel) -> None:
    """Run a network for nothing, as other processes need its weights.

    Example:
        >>> from gner.testing import tiny_model
        >>> with torch.inference_mode():
        ...     idle_padded(tiny_model("seq2seq").network)
    """
    token = torch.zeros(1, 1, dtype=torch.long, device=network.device)
    inputs: dict[str, Any] = {"input_ids": token, "use_cache": False}
    if kind_of(network.config) is Kind.SEQ2SEQ:
        states = torch.zeros(1, 1, network.config.hidden_size, dtype=network.dtype, device=network.device)
        inputs = {"encoder_outputs": BaseModelOutput(last_hidden_state=states), "decoder_input_ids": token}
    states, _ = run_decoder(network, inputs)
    deque(logits_in_chunks(network, states[0]), maxlen=0)


def _of_rows(layers: list[Any], rows: Tensor) -> DynamicCache:
    """A cache of some rows."""
    cache = DynamicCache()
    for number, layer in enumerate(layers):
        cache.update(layer.keys[rows], layer.values[rows], number)
    return cache


def _stacked(upper: Tensor, lower: Tensor, dim: int, *, on_left: bool) -> Tensor:
    """The rows of one tensor and those of another, after each other; the shorter one is padded with zeros."""
    width = max(upper.shape[dim], lower.shape[dim])
    parts = []
    for part in (upper, lower):
        missing = width - part.shape[dim]
        behind = [0, 0] * (part.dim() - 1 - dim)
        parts.append(pad(part, [*behind, *([missing, 0] if on_left else [0, missing])]) if missing else part)
    return torch.cat(parts)


def _pick(part: Tensor, rows: Tensor | None, columns: Tensor | slice) -> Tensor:
    """Some rows and columns of keys or values, (B, H, S, D)."""
    if isinstance(columns, slice):
        part = part[:, :, columns]
        return part if rows is None else part[rows]
    if rows is None:
        rows = torch.arange(part.shape[0], device=part.device)
    # columns before the first token of a short row are negative; the mask hides them
    return pick_columns(part, rows, columns.clamp(min=0))
