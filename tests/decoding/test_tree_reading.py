"""Rows are packed where attention can be replaced, with the same states."""

import pytest
import torch

from gner.decoding.packed_trees import PackedTrees
from gner.decoding.tree_decoder import TreeDecoder
from gner.decoding.tree_node import AnswerNode
from gner.decoding.tree_reading import tree_decoder_for
from gner.testing import make_examples, tiny_model
from tests.decoding.networks import with_architecture

pytestmark = pytest.mark.usefixtures("no_gradients")


def test_both_ways_give_the_same_states() -> None:
    found = []
    for attention, kind in (("sdpa", PackedTrees), ("eager", TreeDecoder)):
        model = with_architecture(tiny_model("causal"), "mistral", attention)
        decoder = tree_decoder_for(model.network, model.batch(make_examples()))
        assert isinstance(decoder, kind)
        roots = [AnswerNode() for _ in make_examples()]
        first = [[root, root.child(at + 5)] for at, root in enumerate(roots)]
        more = [[root.after([at + 5, 6]), *([root.child(9)] * (at % 2))] for at, root in enumerate(roots)]
        found.append(torch.cat([decoder.states(first), decoder.states(more)]))
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)
