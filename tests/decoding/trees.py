"""Trees of beginnings of answers, and what a network makes of each by itself."""

from collections.abc import Callable

import pytest
from torch import Tensor
from transformers import PreTrainedModel

from gner.decoding.head import head_logits
from gner.decoding.log_probs import token_log_probs
from gner.decoding.tree_node import AnswerNode
from gner.decoding.tree_reading import TreeReading
from gner.interfaces import Batch
from gner.testing import TinyModel, make_examples


def check_states(model: TinyModel, states: Tensor, nodes: list[list[AnswerNode]]) -> None:
    """Compare what follows some nodes with texts that are read one by one."""
    found = iter(head_logits(model.network, states).log_softmax(-1))
    for example, of_row in zip(make_examples(), nodes, strict=False):
        for node in of_row:
            [values] = token_log_probs(model.network, model.batch([example]), [[*node.tokens(), 9]])
            assert next(found)[9].item() == pytest.approx(values[-1], abs=1e-4)


def read_in_parts(make: Callable[[PreTrainedModel, Batch], TreeReading], model: TinyModel) -> None:
    """Have a decoder read two trees in five passes, with nodes that are read again or dropped in between."""
    decoder = make(model.network, model.batch(make_examples()[:2]))
    roots = [AnswerNode(), AnswerNode()]
    one, other = roots[0].after([5, 6]), roots[1].after([5])
    assert one.parent is not None
    first = [[roots[0], one.parent, one], [roots[1], other]]
    check_states(model, decoder.states(first), first)
    more = [[roots[0].child(7), one.child(8), one.child(9)], [roots[1].child(9)]]
    check_states(model, decoder.states(more), more)
    again = [[one, one.child(11)], [other.child(4)]]  # a node is read once more
    check_states(model, decoder.states(again), again)
    decoder.keep([0, 1], [[one.parent, one], [other]])
    last = [[one.after([9]), one.after([9, 10])], [other.child(3)]]  # and one that was dropped
    check_states(model, decoder.states(last), last)
    decoder.keep([1], [[other]])  # a row is done
    check_states(model, decoder.states([[other.child(12)]]), [[], [other.child(12)]])
