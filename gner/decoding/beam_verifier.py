"""Scores what may follow many beginnings of answers in one forward pass, with a KV cache that holds trees.

See docs/decisions/beam_search.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from gner.decoding.beam_replay import Node
from gner.decoding.cached_decoder import CachedDecoder, pick_columns
from gner.decoding.forward_pass import answer_starts, causal_inputs
from gner.decoding.head import logits_in_chunks, most_places
from gner.decoding.shared_prefix import shared_prefix
from gner.decoding.token_masks import MOST_PAIRS, added_mask, pair_masks
from gner.decoding.token_tree import relative_to
from gner.interfaces import Batch, Kind

_ROOT = -1
_MOST_COLUMNS = 64
"""Columns of trees from which on it is worth a copy of the cache to drop those that are not needed any more."""


class BeamVerifier(CachedDecoder):
    """Runs a network over nodes of trees, one tree a row, and keeps keys and values of those that are still needed.

    The cache has the columns of the prompt, which all later tokens see, and those of the tree, of which each node sees
    its own ancestors. So a row has one copy of its prompt however many beams there are, and nothing is copied when one
    beam becomes two.

    Args:
        network: One of which `gner.decoding.token_tree.why_no_trees` says nothing.
        batch: R rows, of which A are still being written.
        num_best: How many continuations of a node are wanted.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model, root = tiny_model("causal"), Node()
        >>> verifier = BeamVerifier(model.network, model.batch(make_examples()[:1]), num_best=4)
        >>> with torch.inference_mode():
        ...     verifier.read([[root, root.child(5, 0.0)]])
        ...     verifier.read([[root.child(6, 0.0)]])
        >>> len(root.next), root.child(5, 0.0).column, root.child(6, 0.0).column
        (4, 0, 1)
    """

    def __init__(self, network: PreTrainedModel, batch: Batch, num_best: int) -> None:
        super().__init__(network, batch)
        self._num_best = num_best
        self._prompt = batch.prompt_mask  # (A, B), 1 at tokens and 0 at padding
        self._starts = batch.prompt_ids
        if self._kind is Kind.SEQ2SEQ:
            self._starts = answer_starts(network, batch.prompt_ids)
            self._prompt = torch.ones_like(self._starts)
        self._lengths = self._prompt.sum(-1).cpu().numpy()  # tokens before an answer
        self._nodes: list[list[Node]] = []  # of each row, those that are in the cache
        self._places = np.zeros((batch.num_rows, 0), dtype=np.int64)  # positions of the tree's columns, (A, C)
        self._seen = np.zeros((batch.num_rows, 0, 0), dtype=bool)  # which of them each of them sees, (A, C, C)
        self._num_kept = 0

    def room(self) -> int:
        """How many nodes of each row the next pass may read."""
        num_rows = len(self._lengths)
        num_columns = self._prompt.shape[1] + 2 * self._seen.shape[1] + 1
        return max(1, min(most_places(self._network) // num_rows, MOST_PAIRS // (num_rows * num_columns)))

    def read(self, nodes: Sequence[Sequence[Node]]) -> None:
        """Find out what may follow some nodes.

        Args:
            nodes: Of each of the A rows, after their parents where these were not read either. In the first pass the
                root and one chain of nodes that begins there.
        """
        states = self._read_more(nodes) if self._nodes else self._read_first(nodes)
        flat: list[Node] = []
        index: list[tuple[int, int]] = []
        for row, of_row in enumerate(nodes):
            flat += of_row
            index += [(row, at) for at in range(len(of_row))]
        at_row, at_node = torch.tensor(index, device=states.device).unbind(1)
        for node, following in zip(flat, self._best(states[at_row, at_node]), strict=True):
            node.next = following

    def _best(self, states: Tensor) -> list[list[tuple[int, float]]]:
        """The best continuations, given M states."""
        found: list[list[tuple[int, float]]] = []
        for logits in logits_in_chunks(self._network, states):
            best, tokens = logits.topk(self._num_best)
            scores = best - logits.logsumexp(-1, keepdim=True)
            rows = zip(tokens.tolist(), scores.tolist(), strict=True)
            found += [list(zip(*row, strict=True)) for row in rows]
        return found

    def _read_first(self, nodes: Sequence[Sequence[Node]]) -> Tensor:
        """Prompts and one chain of tokens after each, which need no mask of their own."""
        self._nodes = [list(of_row[1:]) for of_row in nodes]
        length = max(map(len, self._nodes))
        tokens, self._places = self._laid_out(self._nodes, length)
        self._seen = np.tril(np.ones((len(nodes), length, length), dtype=bool))
        sizes = torch.tensor([len(chain) for chain in self._nodes], device=tokens.device)
        there = torch.arange(length, device=tokens.device) < sizes.unsqueeze(1)
        mask = torch.cat([self._prompt, there.to(self._prompt)], 1)
        for of_row in nodes:
            for column, node in enumerate(of_row, start=_ROOT):
                node.column = column
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

    def _laid_out(self, nodes: Sequence[Sequence[Node]], length: int) -> tuple[Tensor, np.ndarray[Any, Any]]:
        """Tokens of A rows, (A, N), and their positions."""
        tokens = np.zeros((len(nodes), length), dtype=np.int64)
        places = np.zeros_like(tokens)
        for row, of_row in enumerate(nodes):
            tokens[row, : len(of_row)] = [node.token for node in of_row]
            places[row, : len(of_row)] = [node.depth for node in of_row]
        return torch.from_numpy(tokens).to(self._starts.device), places + self._lengths[:, None] - 1

    def _read_more(self, nodes: Sequence[Sequence[Node]]) -> Tensor:
        """Nodes of trees, each of which sees the prompt and its ancestors."""
        length = max(map(len, nodes))
        tokens, places = self._laid_out(nodes, length)
        self._grow(nodes, length)
        self._places = np.concatenate([self._places, places], 1)
        device, num_before = tokens.device, self._prompt.shape[1]
        seen = torch.from_numpy(self._seen[:, -length:]).to(device)
        allowed = torch.cat([self._prompt.bool().unsqueeze(1).expand(-1, length, -1), seen], 2)
        queries = torch.from_numpy(places).to(device)
        prompt_places = (self._prompt.cumsum(-1) - 1).clamp(min=0)
        keys = torch.cat([prompt_places, torch.from_numpy(self._places).to(device)], 1)
        assert keys.shape[1] == num_before + self._seen.shape[1]
        if self._kind is Kind.SEQ2SEQ:
            with relative_to(self._network, queries, keys):
                mask = added_mask(allowed, self._network.dtype)
                return self.decode({"decoder_input_ids": tokens, "decoder_attention_mask": mask})
        inputs = causal_inputs(self._network, tokens, self._prompt, num_logits=1)
        inputs["attention_mask"] = pair_masks(self._network, allowed, queries, keys)
        return self.decode({**inputs, "position_ids": queries})

    def _grow(self, nodes: Sequence[Sequence[Node]], length: int) -> None:
        """Give nodes their columns, and note what they see."""
        num_before = self._seen.shape[1]
        seen = np.zeros((len(nodes), num_before + length, num_before + length), dtype=bool)
        seen[:, :num_before, :num_before] = self._seen
        new = np.arange(num_before, num_before + length)
        seen[:, new, new] = True
        for row, (of_row, own) in enumerate(zip(nodes, seen, strict=True)):
            self._nodes[row] += of_row
            for column, node in enumerate(of_row, start=num_before):
                assert node.parent is not None and node.parent.column is not None
                if node.parent.column != _ROOT:
                    own[column] |= own[node.parent.column]
                node.column = column
        self._seen = seen

    def keep(self, rows: Sequence[int], needed: Sequence[Iterable[Node]]) -> None:
        """Go on with some rows, and forget nodes that are not needed, now and then.

        Args:
            rows: Which of the A rows are not done.
            needed: For each of these, nodes of beginnings that may be asked for, and what these begin with.
        """
        num_columns = self._seen.shape[1]
        if num_columns > max(_MOST_COLUMNS, 2 * self._num_kept):
            kept = [_forget(self._nodes[row], nodes) for row, nodes in zip(rows, needed, strict=True)]
            self._select(list(rows), kept)
        elif len(rows) < len(self._lengths):
            self._select(list(rows), None)

    def _select(self, rows: list[int], kept: list[list[int]] | None) -> None:
        """Go on with some rows, and of the columns of their trees with some, in order; None for all."""
        index = torch.tensor(rows, device=self._prompt.device)
        if kept is None:
            self._seen, self._places = self._seen[rows], self._places[rows]
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
        at = np.array(rows)[:, None]
        self._places = self._places[at, columns]
        self._seen = self._seen[at[..., None], columns[..., None], columns[:, None]]
        self._seen &= np.arange(size) < np.array([[[len(own)]] for own in kept])  # columns that pad short rows
        before = np.broadcast_to(np.arange(self._prompt.shape[1]), (len(rows), self._prompt.shape[1]))
        whole = np.concatenate([before, columns + self._prompt.shape[1]], 1)
        return torch.from_numpy(whole).to(self._prompt.device)

    def _pick(self, pick: Callable[[Tensor], Tensor]) -> None:
        """Take parts of keys and values, (B, H, S, D)."""
        for layer in self.layers(crossed=False):
            layer.keys, layer.values = pick(layer.keys), pick(layer.values)


def _forget(nodes: list[Node], needed: Iterable[Node]) -> list[int]:
    """Take out of a row's nodes those that are not needed; returns the columns of the others."""
    known = {id(node) for node in needed}
    kept: list[Node] = []
    columns: list[int] = []
    for node in nodes:
        assert node.column is not None
        if id(node) in known:
            columns.append(node.column)
            node.column = len(kept)
            kept.append(node)
        else:
            node.column = node.next = None
    nodes[:] = kept
    return columns
