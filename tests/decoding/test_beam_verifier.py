"""Reading trees with a cache."""

import pytest

from gner.decoding.beam_replay import Node
from gner.decoding.beam_verifier import BeamVerifier
from gner.decoding.log_probs import token_log_probs
from gner.testing import TinyModel, make_examples, tiny_model
from tests.conftest import KINDS

pytestmark = pytest.mark.usefixtures("no_gradients")


def _nodes(root: Node, *texts: str) -> list[Node]:
    """The nodes of texts of one-letter tokens, each once."""
    nodes: dict[Node, None] = {}
    for text in texts:
        node = root
        for letter in text:
            node = node.child(ord(letter), 0.0)
            nodes[node] = None
    return [node for node in nodes if node.next is None]


def _check(model: TinyModel, roots: list[Node]) -> int:
    """Compare with texts that are read one by one; returns the number of nodes."""
    num_nodes = 0
    for row, (root, example) in enumerate(zip(roots, make_examples(), strict=False)):
        stack = [root]
        while stack:
            node = stack.pop()
            stack += node.children.values()
            for token, log_prob in node.next or []:
                [values] = token_log_probs(model.network, model.batch([example]), [[*node.tokens(), token]])
                assert values[-1] == pytest.approx(log_prob, abs=1e-4), (row, node.tokens())
            num_nodes += node.next is not None
    return num_nodes


@pytest.mark.parametrize("kind", KINDS)
def test_each_node_sees_the_prompt_and_what_it_begins_with(kind: str) -> None:
    model, roots = tiny_model(kind), [Node(), Node(), Node()]
    verifier = BeamVerifier(model.network, model.batch(make_examples()[:3]), num_best=3)
    verifier.read([[root, *_nodes(root, text)] for root, text in zip(roots, ("abcd", "", "ab"), strict=True)])
    verifier.read([_nodes(roots[0], "abx", "q"), _nodes(roots[1], "mno", "mx"), _nodes(roots[2], "abc")])
    assert _check(model, roots) == 7 + 5 + 4
    assert verifier.room() > 100


@pytest.mark.parametrize("kind", KINDS)
def test_rows_end_and_columns_are_dropped(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gner.decoding.tree_node._MOST_COLUMNS", 3)
    model, roots = tiny_model(kind), [Node(), Node(), Node()]
    verifier = BeamVerifier(model.network, model.batch(make_examples()[:3]), num_best=3)
    verifier.read([[root, *_nodes(root, text)] for root, text in zip(roots, ("abcd", "", "ab"), strict=True)])
    dropped = roots[0].children[ord("a")].children[ord("b")].children[ord("c")]
    verifier.keep([0, 1, 2], [_path(roots[0], "ab"), [], _path(roots[2], "ab")])
    assert dropped.next is None and dropped.column is None
    verifier.read([_nodes(roots[0], "abx", "abcz"), _nodes(roots[1], "m"), _nodes(roots[2], "abcde")])
    verifier.keep([0, 2], [_path(roots[0], "abc"), _path(roots[2], "abcde")])  # a row is done
    verifier.read([_nodes(roots[0], "abcy"), _nodes(roots[2], "abcdef", "q")])
    assert _check(model, roots) == 5 + 2 + 8


def _path(root: Node, text: str) -> list[Node]:
    """The nodes on the way to a text."""
    nodes = []
    for letter in text:
        root = root.children[ord(letter)]
        nodes.append(root)
    return nodes
