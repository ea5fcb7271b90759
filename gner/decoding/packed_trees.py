"""A decoder whose rows hold trees of different sizes without padding; see docs/decisions/packed_decoding.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from gner.decoding.head import most_places, run_decoder
from gner.decoding.packed_attention import PackedPass, known_prompts
from gner.decoding.token_masks import MOST_PAIRS
from gner.decoding.token_store import Array, TokenStore, is_wasteful
from gner.decoding.tree_node import ROOT, TreeNode, forget_others, has_many, see_ancestors
from gner.interfaces import Batch


class PackedTrees:
    """What `gner.decoding.tree_decoder.TreeDecoder` is, with a slot of a store for each node in place of a column.

    A pass reads the new nodes of all trees as one sequence. Nothing is copied when nodes are dropped.

    Args:
        network: One of which `gner.decoding.packed_attention.why_no_packing` says nothing.
        batch: R rows, of which A are still being written.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model, root = tiny_model("causal"), TreeNode()
        >>> trees = PackedTrees(model.network, model.batch(make_examples()[:1]))
        >>> first, other = TreeNode(5, root), TreeNode(6, root)
        >>> with torch.inference_mode():
        ...     states = trees.states([[root, first]]), trees.states([[other]])
        >>> [len(part) for part in states], first.column, other.column
        ([2, 1], 0, 1)
    """

    def __init__(self, network: PreTrainedModel, batch: Batch) -> None:
        self._network = network
        self._store = TokenStore()
        prompts = known_prompts(network, batch, self._store)
        self._rows = [_Tree(slots, unread) for slots, unread in prompts]
        self.has_read = False

    def room(self) -> int:
        """How many nodes of each row the next pass may read."""
        num_columns = max(len(row.prompt) + 2 * len(row.slots) + 1 for row in self._rows)
        most = most_places(self._network) // len(self._rows)
        return max(1, min(most, MOST_PAIRS // (len(self._rows) * num_columns)))

    def states(self, nodes: Sequence[Sequence[TreeNode]]) -> Tensor:
        """Read some nodes; see `gner.decoding.tree_decoder.TreeDecoder.states`."""
        tokens, packed = self._more(nodes) if self.has_read else self._first(nodes)
        ids = torch.tensor([list(chain.from_iterable(tokens))], device=self._network.device)
        slot = self._store.num_slots
        with packed.attended(self._network):
            inputs = {"input_ids": ids, "position_ids": packed.positions, "use_cache": False}
            states, _ = run_decoder(self._network, inputs)
        for row, of_row, new in zip(self._rows, nodes, tokens, strict=True):
            row.add(of_row, np.arange(slot, slot + len(new)))
            slot += len(new)
        self.has_read = True
        ends = accumulate(map(len, tokens))  # the nodes of a row are the last of its tokens
        wanted = chain.from_iterable(range(end - len(of_row), end) for end, of_row in zip(ends, nodes, strict=True))
        return states[0, torch.tensor(list(wanted), device=states.device)]

    def _first(self, nodes: Sequence[Sequence[TreeNode]]) -> tuple[list[list[int]], PackedPass]:
        """Prompts, whose last token stands for the root, and one chain of tokens after each."""
        chains = [[node.token for node in of_row[1:]] for of_row in nodes]
        tokens = [[*row.unread, *after] for row, after in zip(self._rows, chains, strict=True)]
        known = [row.prompt for row in self._rows]
        return tokens, PackedPass(self._store, known, list(map(len, tokens)), self._network.device)

    def _more(self, nodes: Sequence[Sequence[TreeNode]]) -> tuple[list[list[int]], PackedPass]:
        """Nodes that each see the prompt and their ancestors."""
        tokens = [[node.token for node in of_row] for of_row in nodes]
        return tokens, _TreePass(self._store, self._rows, nodes, self._network.device)

    def keep(self, rows: Sequence[int], needed: Sequence[Iterable[TreeNode]]) -> None:
        """Go on with some rows, and forget nodes that are not needed, now and then.

        Args:
            rows: Which of the A rows are not done.
            needed: For each of these, nodes of beginnings that may be asked for, and what these begin with.
        """
        self._rows = [self._rows[row] for row in rows]
        for row, nodes in zip(self._rows, needed, strict=True):
            row.forget(nodes)
        prompts, trees = [row.prompt for row in self._rows], [row.slots for row in self._rows]
        live = np.unique(np.concatenate([*prompts, *trees]))
        if is_wasteful(self._store, len(live)):
            self._store = self._store.of(live)
            for row in self._rows:
                row.prompt, row.slots = np.searchsorted(live, row.prompt), np.searchsorted(live, row.slots)


class _Tree:
    """A row's tokens.

    Attributes:
        prompt: Slots of its prompt.
        unread: Tokens of that which are in none yet.
        slots: Of the tree's columns.
        places: Positions of these.
    """

    def __init__(self, prompt: Array, unread: list[int]) -> None:
        self.prompt = prompt
        self.unread = unread
        self.slots = np.zeros(0, dtype=np.int64)
        self.places = np.zeros(0, dtype=np.int64)
        self._nodes: list[tuple[int, TreeNode]] = []
        self._num_kept = 0

    def positions(self, nodes: Sequence[TreeNode]) -> Array:
        """Where nodes are in their texts."""
        return len(self.prompt) - 1 + np.array([node.depth for node in nodes], dtype=np.int64)

    def add(self, nodes: Sequence[TreeNode], slots: Array) -> None:
        """Take in nodes that were read; the first time after the rest of the prompt, and with the root before them."""
        if self.unread:
            self.prompt = np.concatenate([self.prompt, slots[: len(self.unread)]])
            for column, node in enumerate(nodes, start=ROOT):
                node.column = column
            slots, nodes, self.unread = slots[len(self.unread) :], nodes[1:], []
        self._nodes += enumerate(nodes, start=len(self.slots))
        self.slots = np.concatenate([self.slots, slots])
        self.places = np.concatenate([self.places, self.positions(nodes)])

    def forget(self, needed: Iterable[TreeNode]) -> None:
        """Drop nodes that are not needed, if there are many."""
        if has_many(len(self.slots), self._num_kept):
            kept = np.array(forget_others(self._nodes, needed), dtype=np.int64)
            self.slots, self.places, self._num_kept = self.slots[kept], self.places[kept], len(kept)


class _TreePass(PackedPass):
    """New nodes of trees, each of which sees the prompt and its ancestors."""

    def __init__(
        self, store: TokenStore, rows: Sequence[_Tree], nodes: Sequence[Sequence[TreeNode]], device: torch.device
    ) -> None:
        slots = [np.concatenate([row.prompt, row.slots]) for row in rows]
        super().__init__(store, slots, list(map(len, nodes)), device)
        asking = [row.positions(of_row) for row, of_row in zip(rows, nodes, strict=True)]
        self.positions = self._tensor(np.concatenate(asking)).unsqueeze(0)
        shape = len(rows), self._queries.shape[1], self._keys.shape[1]
        self._known, self._distances = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
        self._known[:, :, 0] = True  # what is in the place of shorter rows' queries sees something too
        for at, (row, of_row) in enumerate(zip(rows, nodes, strict=True)):
            num_prompt, end = len(row.prompt), len(slots[at]) + len(of_row)
            self._known[at, : len(of_row), :num_prompt] = True
            see_ancestors(of_row, self._known[at, : len(of_row), num_prompt:end], len(row.slots))
            places = np.concatenate([np.arange(num_prompt), row.places, asking[at]])
            self._distances[at, : len(of_row), :end] = asking[at][:, None] - places

    def _mask(self, window: int | None) -> Tensor:
        if window not in self._seen:
            seen = self._known if window is None else self._known & (self._distances < window)
            self._seen[window] = self._tensor(seen).unsqueeze(1)
        return self._seen[window]
