"""Many continuations of a prompt that share beginnings, read in one forward pass.

Tree attention (Miao et al., 2023, SpecInfer, arXiv 2305.09781): each token sees the prompt and the tokens on the way to
it, at the position that it has in the text of which it is a part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from gner.decoding.forward_pass import answer_starts
from gner.decoding.head import log_probs_of, run_decoder
from gner.decoding.token_masks import added_mask, pair_masks, why_no_pairs
from gner.interfaces import Batch, Kind, kind_of

ROOT = -1
"""The node of the prompt, before any token of a continuation."""


class TokenTree:
    """Tokens of continuations, each a node that knows the one before, and what is asked about what comes next.

    Attributes:
        tokens: Of each of the N nodes; a node comes after the one before it.
        depths: How many tokens a continuation has at each node, itself included.

    Example:
        >>> tree = TokenTree()
        >>> shared = tree.add(ROOT, [5, 6])
        >>> leaves = tree.add(shared, [7]), tree.add(shared, [8, 9])
        >>> tree.depths, tree.visible().int()[4].tolist()  # the last one sees 5, 6, 8 and itself
        ([1, 2, 3, 3, 4], [1, 1, 0, 1, 1])
    """

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.depths: list[int] = []
        self._before: list[int] = []
        self._asked: list[tuple[int, Collection[int]]] = []

    def add(self, node: int, tokens: Sequence[int]) -> int:
        """Continue a node; returns the node of the last token."""
        for token in tokens:
            self.depths.append(1 + (0 if node == ROOT else self.depths[node]))
            self._before.append(node)
            self.tokens.append(token)
            node = len(self.tokens) - 1
        return node

    def ask(self, node: int, tokens: Collection[int]) -> None:
        """Ask for the log-probabilities of some tokens after a node."""
        self._asked.append((node, tokens))

    @property
    def asked(self) -> list[tuple[int, Collection[int]]]:
        """All that was asked, in order: a node, and tokens that may follow it."""
        return self._asked

    def visible(self) -> Tensor:
        """Which nodes (columns) each node (rows) sees, itself included, (N, N)."""
        seen = np.eye(len(self.tokens), dtype=bool)
        for node, before in enumerate(self._before):
            if before != ROOT:
                seen[node] |= seen[before]
        return torch.from_numpy(seen)


def why_no_trees(network: PreTrainedModel) -> str | None:
    """Why a network cannot read a tree, or None if it can.

    Example:
        >>> from gner.testing import tiny_model
        >>> print(why_no_trees(tiny_model("causal").network), why_no_trees(tiny_model("seq2seq").network))
        None None
    """
    if kind_of(network.config) is Kind.SEQ2SEQ and not _biased(network):
        return "its decoder has no relative positions that can be set for each token"
    return why_no_pairs(network)


def read_trees(
    network: PreTrainedModel, batch: Batch, rows: Sequence[int], trees: Sequence[TokenTree]
) -> list[list[list[float]]]:
    """Read the trees of some prompts in one forward pass.

    The network's head is applied only where something is asked, so that memory does not grow with the tree.

    Args:
        network: One for which there is no reason in `why_no_trees`.
        batch: Prompts.
        rows: Whose continuations the trees are, R places in the batch.
        trees: R trees.

    Returns:
        For each tree, log-probabilities in the order of what was asked.

    Example:
        >>> from gner.decoding.teacher_forcing import AnswerReader
        >>> from gner.testing import make_examples, tiny_model
        >>> model, tree = tiny_model("causal"), TokenTree()
        >>> batch, shared = model.batch(make_examples()[:1]), tree.add(ROOT, [5, 6])
        >>> tree.ask(tree.add(shared, [7]), [9])
        >>> tree.ask(tree.add(shared, [8]), [9])
        >>> with torch.inference_mode():
        ...     [one, other] = read_trees(model.network, batch, [0], [tree])[0]
        ...     [[apart]] = AnswerReader(model.network, batch).log_probs([0], [[5, 6, 8, 9]], [[[9]]])
        >>> abs(other[0] - apart[0]) < 1e-4
        True
    """
    index = torch.tensor(list(rows), device=batch.prompt_ids.device)
    prompts, prompt_mask = batch.prompt_ids[index], batch.prompt_mask[index]
    if kind_of(network.config) is Kind.SEQ2SEQ:
        before = answer_starts(network, prompts)
        inputs, positions, seen = _laid_out(before, torch.ones_like(before), trees)
        inputs["attention_mask"] = added_mask(seen, network.dtype)
        encoded = {"input_ids": prompts, "attention_mask": prompt_mask, "use_cache": False}
        with relative_to(network, positions, positions):
            states, _ = run_decoder(network, encoded | {f"decoder_{name}": part for name, part in inputs.items()})
    else:
        inputs, positions, seen = _laid_out(prompts, prompt_mask, trees)
        inputs["attention_mask"] = pair_masks(network, seen, positions, positions)
        states, _ = run_decoder(network, {**inputs, "position_ids": positions, "use_cache": False})
    nodes, asked = _questions(trees)
    at_row, at_node = torch.tensor(nodes, device=states.device).unbind(1)
    values = iter(log_probs_of(network, states[at_row, states.shape[1] - _size(trees) + at_node], asked))
    return [list(islice(values, len(tree.asked))) for tree in trees]


def _size(trees: Sequence[TokenTree]) -> int:
    return max(len(tree.tokens) for tree in trees)


def _questions(trees: Sequence[TokenTree]) -> tuple[list[tuple[int, int]], list[Collection[int]]]:
    """Row and node of each question, and the tokens that are asked for."""
    nodes: list[tuple[int, int]] = []
    asked: list[Collection[int]] = []
    for row, tree in enumerate(trees):
        nodes += [(row, node) for node, _ in tree.asked]
        asked += [tokens for _, tokens in tree.asked]
    return nodes, asked


def _laid_out(before: Tensor, before_mask: Tensor, trees: Sequence[TokenTree]) -> tuple[dict[str, Any], Tensor, Tensor]:
    """Tokens of R trees behind P tokens, the position of each of the P + N, (R, P + N), and what it sees."""
    tokens, depths, seen = (part.to(before.device) for part in _padded(trees))
    lengths = before_mask.sum(-1, keepdim=True)
    positions = torch.cat([(before_mask.cumsum(-1) - 1).clamp(min=0), lengths - 1 + depths], 1)
    return {"input_ids": torch.cat([before, tokens], 1)}, positions, _seen(before_mask.bool(), seen)


def _padded(trees: Sequence[TokenTree]) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens and depths of R trees, (R, N), and what their nodes see, (R, N, N); padding sees itself."""
    size = _size(trees)
    tokens = torch.zeros(len(trees), size, dtype=torch.long)
    depths = torch.ones_like(tokens)
    seen = torch.eye(size, dtype=torch.bool).repeat(len(trees), 1, 1)
    for row, tree in enumerate(trees):
        num_nodes = len(tree.tokens)
        tokens[row, :num_nodes] = torch.tensor(tree.tokens, dtype=torch.long)
        depths[row, :num_nodes] = torch.tensor(tree.depths, dtype=torch.long)
        seen[row, :num_nodes, :num_nodes] = tree.visible()
    return tokens, depths, seen


def _seen(before: Tensor, seen: Tensor) -> Tensor:
    """What each of P + N tokens sees, (R, P + N, P + N), given which of P columns are no padding."""
    num_rows, num_before = before.shape
    size = num_before + seen.shape[1]
    allowed = torch.zeros(num_rows, size, size, dtype=torch.bool, device=before.device)
    allowed[:, :, :num_before] = before.unsqueeze(1)
    allowed[:, :num_before, :num_before] &= torch.ones_like(allowed[0, :num_before, :num_before]).tril()
    allowed[:, num_before:, num_before:] = seen
    return allowed | torch.eye(size, dtype=torch.bool, device=before.device)  # padding sees something too


def _biased(network: PreTrainedModel) -> list[Any]:
    """The attentions of a decoder that turn distances between tokens into a bias as T5's do."""
    parts = [part for part in network.get_decoder().modules() if hasattr(part, "relative_attention_bias")]
    return [part for part in parts if "bidirectional" in signature(part._relative_position_bucket).parameters]


@contextmanager
def relative_to(network: PreTrainedModel, queries: Tensor, keys: Tensor) -> Iterator[None]:
    """Have a decoder with T5's relative positions take its tokens to be at given positions.

    Args:
        network: A seq2seq one.
        queries: Positions of the tokens that it reads, (R, Q).
        keys: Positions of those that these can see, in the cache too, (R, K).

    Example:
        >>> from gner.testing import tiny_model
        >>> network, tokens = tiny_model("seq2seq").network, torch.tensor([[5, 6]])
        >>> places = torch.tensor([[0, 1]])  # where they are anyway
        >>> with torch.inference_mode():
        ...     with relative_to(network, places, places):
        ...         same = network(input_ids=tokens, decoder_input_ids=tokens).logits
        ...     torch.allclose(same, network(input_ids=tokens, decoder_input_ids=tokens).logits, atol=1e-5)
        True
    """
    distances = (queries.unsqueeze(2) - keys.unsqueeze(1)).clamp(min=0)  # (R, Q, K); what is later is not seen
    biased = _biased(network)

    def bias_of(part: Any) -> Any:
        """What computes the bias of an attention."""

        def compute_bias(*arguments: Any, **named: Any) -> Tensor:
            """Bias of shape (R, heads, Q, K)."""
            buckets = part._relative_position_bucket(
                -torch.arange(int(distances.max()) + 1, device=distances.device),
                bidirectional=False,
                num_buckets=part.relative_attention_num_buckets,
                max_distance=part.relative_attention_max_distance,
            )
            of_heads: tuple[Tensor, ...] = part.relative_attention_bias(buckets).unbind(1)  # by distance
            return torch.stack([of_head[distances] for of_head in of_heads], 1)

        return compute_bias

    for part in biased:
        part.compute_bias = bias_of(part)
    try:
        yield
    finally:
        for part in biased:
            del part.compute_bias
