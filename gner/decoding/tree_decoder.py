"""A decoder with a KV cache that holds a tree of tokens for each row, so that many beginnings of an answer share it.

See docs/decisions/beam_search.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from gner.decoding.cached_decoder import CachedDecoder, pick_columns
from gner.decoding.forward_pass import answer_starts, causal_inputs
from gner.decoding.head import most_places
from gner.decoding.shared_prefix import shared_prefix
from gner.decoding.token_masks import MOST_PAIRS, added_mask, pair_masks
from gner.decoding.token_tree import relative_to
from gner.decoding.tree_node import ROOT, Array, TreeNode, forget_others, has_many, see_ancestors
from gner.interfaces import Batch, Kind


class TreeDecoder(CachedDecoder):
    """Runs a network over nodes of trees, one tree a row, and keeps keys and values of those that are still needed.

    The cache has the columns of the prompt, which all later tokens see, and those of the tree, of which each node sees
    its own ancestors. So a row has one copy of its prompt however many beams there are, and nothing is copied when one
    beam becomes two.

    Args:
        network: One of which `gner.decoding.token_tree.why_no_trees` says nothing.
        batch: R rows, of which A are still being written.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model, root = tiny_model("causal"), TreeNode()
        >>> decoder = TreeDecoder(model.network, model.batch(make_examples()[:1]))
        >>> first, other = TreeNode(5, root), TreeNode(6, root)
        >>> with torch.inference_mode():
        ...     states = decoder.states([[root, first]]), decoder.states([[other]])
        >>> [len(part) for part in states], first.column, other.column
        ([2, 1], 0, 1)
    """

    def __init__(self, network: PreTrainedModel, batch: Batch) -> None:
        super().__init__(network, batch)
        self._prompt = batch.prompt_mask  # (A, B), 1 at tokens and 0 at padding
        self._starts = batch.prompt_ids
        if self._kind is Kind.SEQ2SEQ:
            self._starts = answer_starts(network, batch.prompt_ids)
            self._prompt = torch.ones_like(self._starts)
        self._lengths = self._prompt.sum(-1).cpu().numpy()  # tokens before an answer
        self._nodes: list[list[tuple[int, TreeNode]]] = []  # of each row, those in the cache, with their columns
        self._places = np.zeros((batch.num_rows, 0), dtype=np.int64)  # positions of the tree's columns, (A, C)
        self._num_kept = 0

    @property
    def has_read(self) -> bool:
        """Whether prompts were read."""
        return bool(self._nodes)

    def room(self) -> int:
        """How many nodes of each row the next pass may read."""
        num_rows = len(self._lengths)
        num_columns = self._prompt.shape[1] + 2 * self._places.shape[1] + 1
        return max(1, min(most_places(self._network) // num_rows, MOST_PAIRS // (num_rows * num_columns)))

    def states(self, nodes: Sequence[Sequence[TreeNode]]) -> Tensor:
        """Read some nodes.

        Args:
            nodes: Of each of the A rows, after their parents where these were not read either. In the first pass the
                root and one chain of nodes that begins there.

        Returns:
            The decoder's states of all of them, (M, H).
        """
        states = self._read_more(nodes) if self._nodes else self._read_first(nodes)
        index: list[tuple[int, int]] = []
        for row, of_row in enumerate(nodes):
            index += [(row, at) for at in range(len(of_row))]
        at_row, at_node = torch.tensor(index, device=states.device).unbind(1)
        return states[at_row, at_node]

    def _read_first(self, nodes: Sequence[Sequence[TreeNode]]) -> Tensor:
        """Prompts and one chain of tokens after each, which need no mask of their own."""
        chains = [of_row[1:] for of_row in nodes]
        length = max(map(len, chains))
        tokens, self._places = self._laid_out(chains, length)
        sizes = torch.tensor(list(map(len, chains)), device=tokens.device)
        there = torch.arange(length, device=tokens.device) < sizes.unsqueeze(1)
        mask = torch.cat([self._prompt, there.to(self._prompt)], 1)
        for of_row in nodes:
            for column, node in enumerate(of_row, start=ROOT):
                node.column = column
        self._nodes = [list(enumerate(chain)) for chain in chains]
        whole = torch.cat([self._starts, tokens], 1)
        if self._kind is Kind.SEQ2SEQ:
            states = self.decode({"decoder_input_ids": whole, "decoder_attention_mask": mask})
        else:
            states = self.decode(self._after_shared(whole, mask))
        return states[:, -length - 1 :]

    def _after_shared(self, tokens: Tensor, mask: Tensor) -> dict[str, Any]:
        """Inputs of a causal network without what is read once for several rows."""
        shared = shared_prefix(self._network, self._batch)
        if shared is not None:
            shared.fill(self._cache)
            tokens = tokens[:, shared.num_columns :]
        return causal_inputs(self._network, tokens, mask, num_logits=1)

    def _laid_out(self, nodes: Sequence[Sequence[TreeNode]], length: int) -> tuple[Tensor, Array]:
        """Tokens of A rows, (A, N), and their positions."""
        tokens = np.zeros((len(nodes), length), dtype=np.int64)
        places = np.zeros_like(tokens)
        for row, of_row in enumerate(nodes):
            tokens[row, : len(of_row)] = [node.token for node in of_row]
            places[row, : len(of_row)] = [node.depth for node in of_row]
        return torch.from_numpy(tokens).to(self._starts.device), places + self._lengths[:, None] - 1

    def _read_more(self, nodes: Sequence[Sequence[TreeNode]]) -> Tensor:
        """Nodes of trees, each of which sees the prompt and its ancestors."""
        length = max(map(len, nodes))
        tokens, places = self._laid_out(nodes, length)
        device = tokens.device
        seen = torch.from_numpy(self._grow(nodes, length)).to(device)
        self._places = np.concatenate([self._places, places], 1)
        allowed = torch.cat([self._prompt.bool().unsqueeze(1).expand(-1, length, -1), seen], 2)
        queries = torch.from_numpy(places).to(device)
        prompt_places = (self._prompt.cumsum(-1) - 1).clamp(min=0)
        keys = torch.cat([prompt_places, torch.from_numpy(self._places).to(device)], 1)
        if self._kind is Kind.SEQ2SEQ:
            with relative_to(self._network, queries, keys):
                mask = added_mask(allowed, self._network.dtype)
                return self.decode({"decoder_input_ids": tokens, "decoder_attention_mask": mask})
        inputs = causal_inputs(self._network, tokens, self._prompt, num_logits=1)
        inputs["attention_mask"] = pair_masks(self._network, allowed, queries, keys)
        return self.decode({**inputs, "position_ids": queries})

    def _grow(self, nodes: Sequence[Sequence[TreeNode]], length: int) -> Array:
        """Give N nodes of each row their columns; returns which of the tree's columns they see, (A, N, C)."""
        num_before = self._places.shape[1]
        seen = np.zeros((len(nodes), length, num_before + length), dtype=bool)
        new = np.arange(length)
        seen[:, new, num_before + new] = True  # padding sees something too
        for row, (of_row, own) in enumerate(zip(nodes, seen, strict=True)):
            self._nodes[row] += enumerate(of_row, start=num_before)
            see_ancestors(of_row, own, num_before)
        return seen

    def keep(self, rows: Sequence[int], needed: Sequence[Iterable[TreeNode]]) -> None:
        """Go on with some rows, and forget nodes that are not needed, now and then.

        Args:
            rows: Which of the A rows are not done.
            needed: For each of these, nodes of beginnings that may be asked for, and what these begin with.
        """
        num_columns = self._places.shape[1]
        if has_many(num_columns, self._num_kept):
            kept = [forget_others(self._nodes[row], nodes) for row, nodes in zip(rows, needed, strict=True)]
            self._select(list(rows), kept)
        elif len(rows) < len(self._lengths):
            self._select(list(rows), None)

    def _select(self, rows: list[int], kept: list[list[int]] | None) -> None:
        """Go on with some rows, and of the columns of their trees with some, in order; None for all."""
        index = torch.tensor(rows, device=self._prompt.device)
        if kept is None:
            self._places = self._places[rows]
            self._pick(lambda part: part[index])
        else:
            columns = self._select_columns(rows, kept)
            self._pick(lambda part: pick_columns(part, index, columns))
        if len(rows) < len(self._lengths):
            self.keep_prompts(index)
            self._prompt = self._prompt[index]
            self._lengths, self._nodes = self._lengths[rows], [self._nodes[row] for row in rows]

    def _select_columns(self, rows: list[int], kept: list[list[int]]) -> Tensor:
        """Keep some columns of trees in what is known about them; returns them in the cache, after prompts', (A, S)."""
        size = self._num_kept = max(map(len, kept))
        columns = np.zeros((len(rows), size), dtype=np.int64)
        for place, own in enumerate(kept):
            columns[place, : len(own)] = own
        self._places = self._places[np.array(rows)[:, None], columns]
        before = np.broadcast_to(np.arange(self._prompt.shape[1]), (len(rows), self._prompt.shape[1]))
        whole = np.concatenate([before, columns + self._prompt.shape[1]], 1)
        return torch.from_numpy(whole).to(self._prompt.device)

    def _pick(self, pick: Callable[[Tensor], Tensor]) -> None:
        """Take parts of keys and values, (B, H, S, D)."""
        for layer in self.layers(crossed=False):
            layer.keys, layer.values = pick(layer.keys), pick(layer.values)
