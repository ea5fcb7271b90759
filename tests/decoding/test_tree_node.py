"""Beginnings of answers."""

from gner.decoding.tree_node import AnswerNode


def test_equal_beginnings_are_one_node() -> None:
    root = AnswerNode()
    node = root.after([5, 6, 7])
    assert node is root.child(5).after([6, 7])
    assert (node.depth, node.tokens(), root.tokens()) == (3, [5, 6, 7], [])


def test_a_node_that_is_forgotten_has_no_column() -> None:
    node = AnswerNode().child(5)
    node.column = 3
    node.forget()
    assert node.column is None
