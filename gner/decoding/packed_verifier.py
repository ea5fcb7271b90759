"""Verifies drafts in one forward pass in which no row is padded.

See docs/decisions/packed_decoding.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from itertools import accumulate, chain, pairwise

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from gner.decoding.head import logits_at, most_places
from gner.decoding.packed_attention import PackedPass, known_prompts
from gner.decoding.token_store import Array, TokenStore, is_wasteful
from gner.interfaces import Batch


class PackedVerifier:
    """Runs a network over drafts, and remembers which tokens each row has.

    Nothing is copied when a row goes on with a part of its draft, and what prompts begin with is there once.

    Args:
        network: One of which `gner.decoding.packed_attention.why_no_packing` says nothing.
        batch: R rows, of which A are still being written.

    Attributes:
        most_places: How many drafted tokens a pass may verify.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> verifier = PackedVerifier(model.network, model.batch(make_examples()[:2]))
        >>> with torch.inference_mode():
        ...     choices, log_probs = verifier.check([[5, 6], [5]])
        >>> [len(row) for row in choices]
        [3, 2]
    """

    def __init__(self, network: PreTrainedModel, batch: Batch) -> None:
        self.most_places = most_places(network)
        self._network = network
        self._store = TokenStore()
        prompts = known_prompts(network, batch, self._store)
        self._slots = [slots for slots, _ in prompts]  # of each row's tokens, in order
        self._next = [unread for _, unread in prompts]  # what a row has beside them
        self._num_drafted: list[int] = []

    def check(self, drafts: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[list[float]]]:
        """Verify A drafts.

        Returns:
            For each row the tokens that the network chooses in the place of each drafted one and after the draft, and
            their log-probabilities.
        """
        tokens = [[*following, *draft] for following, draft in zip(self._next, drafts, strict=True)]
        sizes = [len(draft) + 1 for draft in drafts]
        ends = accumulate(map(len, tokens))
        wanted = chain.from_iterable(range(end - size, end) for end, size in zip(ends, sizes, strict=True))
        chosen, scores = self._read(tokens, list(wanted))
        self._num_drafted = list(map(len, drafts))
        parts = list(pairwise([0, *accumulate(sizes)]))
        return [chosen[start:end] for start, end in parts], [scores[start:end] for start, end in parts]

    def _read(self, tokens: Sequence[Sequence[int]], wanted: Sequence[int]) -> tuple[list[int], list[float]]:
        """Read more tokens of each row; returns what is likeliest after some of all these, and how likely."""
        device, slot = self._network.device, self._store.num_slots
        packed = PackedPass(self._store, self._slots, list(map(len, tokens)), device)
        ids = torch.tensor([list(chain.from_iterable(tokens))], device=device)
        inputs = {"input_ids": ids, "position_ids": packed.positions, "use_cache": False}
        with packed.attended(self._network):
            best = _best(logits_at(self._network, inputs, torch.tensor(wanted, device=device)))
        for row, new in enumerate(tokens):
            self._slots[row] = np.concatenate([self._slots[row], np.arange(slot, slot + len(new))])
            slot += len(new)
        return best

    def keep(self, rows: Sequence[int], agreed: Sequence[int], last: Sequence[int]) -> None:
        """Go on with some rows, each with as many drafted tokens as it agreed to and a last one to come.

        Args:
            rows: Which of the A rows of the last `check` are not done.
            agreed: For each of the A rows, how many drafted tokens are kept.
            last: For each of the A rows, the token that the network chose after these.
        """
        ends = [len(self._slots[row]) - self._num_drafted[row] + agreed[row] for row in rows]
        self._slots = [self._slots[row][:end] for row, end in zip(rows, ends, strict=True)]
        self._next = [[last[row]] for row in rows]
        self._num_drafted = []
        if is_wasteful(self._store, len(self._live())):
            self._compact()

    def split(self, num_rows: int) -> PackedVerifier:
        """Take the first of the A rows out; returns a verifier of these."""
        first = copy(self)
        first._slots, self._slots = self._slots[:num_rows], self._slots[num_rows:]
        first._next, self._next = self._next[:num_rows], self._next[num_rows:]
        first._compact()  # into a store of its own
        return first

    def join(self, other: PackedVerifier) -> None:
        """Take in the rows of another verifier of this network, after these; both have been told what to `keep`."""
        other._compact()
        self._slots += [own + self._store.num_slots for own in other._slots]
        self._next += other._next
        self._store.append(other._store)

    def _live(self) -> Array:
        """The slots that rows see, in order."""
        return np.unique(np.concatenate(self._slots))

    def _compact(self) -> None:
        """Go on with a store that holds what rows see."""
        live = self._live()
        self._store = self._store.of(live)
        self._slots = [np.searchsorted(live, own) for own in self._slots]


def idle_packed(network: PreTrainedModel) -> None:
    """Run a network for nothing, as other processes need its weights: once, as `PackedVerifier.check` does.

    Example:
        >>> from gner.testing import tiny_model
        >>> with torch.inference_mode():
        ...     idle_packed(tiny_model("causal").network)
    """
    network(input_ids=torch.zeros(1, 1, dtype=torch.long, device=network.device), use_cache=False)


def _best(logits: Iterable[Tensor]) -> tuple[list[int], list[float]]:
    """The most probable tokens of all places and their log-probabilities."""
    chosen: list[int] = []
    scores: list[float] = []
    for part in logits:
        best, tokens = part.max(-1)
        scores += (best - part.logsumexp(-1)).tolist()
        chosen += tokens.tolist()
    return chosen, scores
