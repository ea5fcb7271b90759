"""Who reads trees of beginnings of answers: rows are packed where attention allows it, and padded elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from torch import Tensor
from transformers import PreTrainedModel

from gner.decoding.packed_attention import why_no_packing
from gner.decoding.packed_trees import PackedTrees
from gner.decoding.tree_decoder import TreeDecoder
from gner.decoding.tree_node import TreeNode
from gner.interfaces import Batch


class TreeReading(Protocol):
    """What `TreeDecoder` and `PackedTrees` have in common.

    Attributes:
        has_read: Whether prompts were read.
    """

    @property
    def has_read(self) -> bool:
        """See above."""

    def room(self) -> int:
        """How many nodes of each row the next pass may read."""

    def states(self, nodes: Sequence[Sequence[TreeNode]]) -> Tensor:
        """Read some nodes of each row."""

    def keep(self, rows: Sequence[int], needed: Sequence[Iterable[TreeNode]]) -> None:
        """Go on with some rows."""


def tree_decoder_for(network: PreTrainedModel, batch: Batch) -> TreeReading:
    """One that has read nothing.

    Args:
        network: One of which `gner.decoding.token_tree.why_no_trees` says nothing.
        batch: R rows.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> models = tiny_model("causal"), tiny_model("seq2seq")
        >>> [type(tree_decoder_for(model.network, model.batch(make_examples()))).__name__ for model in models]
        ['PackedTrees', 'TreeDecoder']
    """
    return PackedTrees(network, batch) if why_no_packing(network) is None else TreeDecoder(network, batch)
