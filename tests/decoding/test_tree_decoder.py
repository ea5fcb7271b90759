"""A cache that holds trees."""

import pytest
import torch

from gner.decoding.tree_decoder import TreeDecoder
from gner.decoding.tree_node import AnswerNode
from gner.testing import make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import ARCHITECTURES, with_architecture
from tests.decoding.trees import read_in_parts

pytestmark = pytest.mark.usefixtures("no_gradients")


@pytest.mark.parametrize("kind", KINDS)
def test_nodes_see_what_they_begin_with(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.decoding.tree_node._MOST_COLUMNS", 3)
    read_in_parts(TreeDecoder, tiny_model(kind))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_and_so_in_other_architectures(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.decoding.tree_node._MOST_COLUMNS", 3)
    read_in_parts(TreeDecoder, with_architecture(tiny_model("causal"), name))


def test_what_is_not_needed_is_dropped() -> None:
    model = tiny_model("causal")
    decoder = TreeDecoder(model.network, model.batch(make_examples()[:1]))
    root = AnswerNode()
    nodes = [root.after(range(9, end)) for end in range(10, 100)]
    decoder.states([[root, *nodes]])
    assert decoder.has_read
    decoder.keep([0], [nodes[:2]])
    assert [node.column for node in nodes[:3]] == [0, 1, None]
    width = model.batch(make_examples()[:1]).prompt_ids.shape[1]
    assert all(layer.keys.shape[2] == width + 2 for layer in decoder.layers(crossed=False))
    assert torch.isfinite(decoder.states([[nodes[1].child(5)]])).all()
