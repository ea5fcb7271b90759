"""A cache that holds trees."""

import pytest
import torch
from torch import Tensor

from gner.decoding.head import head_logits
from gner.decoding.log_probs import token_log_probs
from gner.decoding.tree_decoder import TreeDecoder
from gner.decoding.tree_node import AnswerNode
from gner.testing import TinyModel, make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import ARCHITECTURES, with_architecture

pytestmark = pytest.mark.usefixtures("no_gradients")


def _check(model: TinyModel, states: Tensor, nodes: list[list[AnswerNode]]) -> None:
    """Compare what follows some nodes with texts that are read one by one."""
    found = iter(head_logits(model.network, states).log_softmax(-1))
    for example, of_row in zip(make_examples(), nodes, strict=False):
        for node in of_row:
            [values] = token_log_probs(model.network, model.batch([example]), [[*node.tokens(), 9]])
            assert next(found)[9].item() == pytest.approx(values[-1], abs=1e-4)


def _read_in_parts(model: TinyModel) -> None:
    decoder = TreeDecoder(model.network, model.batch(make_examples()[:2]))
    roots = [AnswerNode(), AnswerNode()]
    one, other = roots[0].after([5, 6]), roots[1].after([5])
    assert one.parent is not None
    first = [[roots[0], one.parent, one], [roots[1], other]]
    _check(model, decoder.states(first), first)
    more = [[roots[0].child(7), one.child(8), one.child(9)], [roots[1].child(9)]]
    _check(model, decoder.states(more), more)
    again = [[one, one.child(11)], [other.child(4)]]  # a node is read once more
    _check(model, decoder.states(again), again)
    decoder.keep([0, 1], [[one.parent, one], [other]])
    last = [[one.after([9]), one.after([9, 10])], [other.child(3)]]  # and one that was dropped
    _check(model, decoder.states(last), last)


@pytest.mark.parametrize("kind", KINDS)
def test_nodes_see_what_they_begin_with(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.decoding.tree_decoder._MOST_COLUMNS", 3)
    _read_in_parts(tiny_model(kind))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_and_so_in_other_architectures(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.decoding.tree_decoder._MOST_COLUMNS", 3)
    _read_in_parts(with_architecture(tiny_model("causal"), name))


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
