"""Scores what may follow many beginnings of answers in one forward pass, with a KV cache that holds trees.

See docs/decisions/beam_search.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from torch import Tensor
from transformers import PreTrainedModel

from gner.decoding.beam_replay import Node
from gner.decoding.head import logits_in_chunks
from gner.decoding.tree_reading import tree_decoder_for
from gner.interfaces import Batch


class BeamVerifier:
    """Finds the best continuations of nodes.

    Args:
        network: One of which `gner.decoding.token_tree.why_no_trees` says nothing.
        batch: R rows, of which A are still being written.
        num_best: How many continuations of a node are wanted.

    Example:
        >>> import torch
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
        self._network = network
        self._decoder = tree_decoder_for(network, batch)
        self._num_best = num_best

    def room(self) -> int:
        """How many nodes of each row the next pass may read."""
        return self._decoder.room()

    def read(self, nodes: Sequence[Sequence[Node]]) -> None:
        """Find out what may follow some nodes.

        Args:
            nodes: Of each of the A rows, after their parents where these were not read either. In the first pass the
                root and one chain of nodes that begins there.
        """
        best = self._best(self._decoder.states(nodes))
        for node, following in zip(chain.from_iterable(nodes), best, strict=True):
            node.next = following

    def keep(self, rows: Sequence[int], needed: Sequence[Iterable[Node]]) -> None:
        """Go on with some of the A rows, in which these nodes may be asked for."""
        self._decoder.keep(rows, needed)

    def _best(self, states: Tensor) -> list[list[tuple[int, float]]]:
        """The best continuations, given M states."""
        found: list[list[tuple[int, float]]] = []
        for logits in logits_in_chunks(self._network, states):
            best, tokens = logits.topk(self._num_best)
            scores = best - logits.logsumexp(-1, keepdim=True)
            rows = zip(tokens.tolist(), scores.tolist(), strict=True)
            found += [list(zip(*row, strict=True)) for row in rows]
        return found
