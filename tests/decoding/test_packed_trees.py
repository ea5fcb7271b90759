"""Trees of different sizes are read as one sequence."""

import pytest
import torch

from gner.decoding import token_store
from gner.decoding.packed_trees import PackedTrees
from gner.decoding.tree_node import AnswerNode
from gner.testing import make_examples, tiny_model
from tests.decoding.networks import ARCHITECTURES, with_architecture
from tests.decoding.rows import TokenCounter
from tests.decoding.trees import read_in_parts

pytestmark = pytest.mark.usefixtures("no_gradients")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_nodes_see_what_they_begin_with(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.decoding.tree_node._MOST_COLUMNS", 3)
    monkeypatch.setattr(token_store, "_LEAST_SLOTS", 1)
    read_in_parts(PackedTrees, with_architecture(tiny_model("causal"), name))


def test_what_is_not_needed_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_store, "_LEAST_SLOTS", 1)
    model = tiny_model("causal")
    batch = model.batch(make_examples()[:1])
    decoder, root = PackedTrees(model.network, batch), AnswerNode()
    nodes = [root.after(range(9, end)) for end in range(10, 100)]
    decoder.states([[root, *nodes]])
    assert decoder.has_read
    decoder.keep([0], [nodes[:2]])
    assert [node.column for node in nodes[:3]] == [0, 1, None]
    assert decoder._store.num_slots == batch.prompt_lengths[0] + 2
    assert torch.isfinite(decoder.states([[nodes[1].child(5)]])).all()


def test_rows_may_have_nothing_new() -> None:
    model = tiny_model("causal")
    batch = model.batch(make_examples()[:3])
    decoder, roots, counter = (
        PackedTrees(model.network, batch),
        [AnswerNode() for _ in range(3)],
        TokenCounter(model.network),
    )
    decoder.states([[root] for root in roots])
    states = decoder.states([[], [roots[1].child(5), roots[1].child(6)], []])
    assert torch.isfinite(states).all()
    assert counter.passes == [sum(batch.prompt_lengths), 2]
