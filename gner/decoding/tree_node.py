"""Beginnings of answers as nodes of a tree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ROOT = -1
"""Column of a root that was read, which is before those of its tree."""

_MOST_COLUMNS = 64


class TreeNode:
    """A beginning of an answer; that of no tokens is the root.

    Attributes:
        token: The last one.
        parent: The beginning without it.
        depth: How many tokens there are.
        column: Where it is among the tokens of its tree that a decoder has read, or None.

    Example:
        >>> root = TreeNode()
        >>> TreeNode(7, TreeNode(5, root)).depth
        2
    """

    __slots__ = ("column", "depth", "parent", "token")

    def __init__(self, token: int = -1, parent: TreeNode | None = None) -> None:
        self.token = token
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.column: int | None = None

    def forget(self) -> None:
        """Note that this is not in the cache any more."""
        self.column = None


class AnswerNode(TreeNode):
    """A beginning of an answer, with longer ones.

    Attributes:
        children: By the next token.

    Example:
        >>> root = AnswerNode()
        >>> root.after([5, 6]) is root.after([5]).after([6]), root.after([5, 6]).tokens()
        (True, [5, 6])
    """

    __slots__ = ("children",)

    parent: AnswerNode | None

    def __init__(self, token: int = -1, parent: AnswerNode | None = None) -> None:
        super().__init__(token, parent)
        self.children: dict[int, AnswerNode] = {}

    def child(self, token: int) -> AnswerNode:
        """The beginning with one token more."""
        node = self.children.get(token)
        if node is None:
            node = self.children[token] = AnswerNode(token, self)
        return node

    def after(self, tokens: Iterable[int]) -> AnswerNode:
        """The beginning with some tokens more."""
        node = self
        for token in tokens:
            node = node.child(token)
        return node

    def tokens(self) -> list[int]:
        """All tokens."""
        tokens = []
        node = self
        while node.parent is not None:
            tokens.append(node.token)
            node = node.parent
        return tokens[::-1]


def see_ancestors(nodes: Sequence[TreeNode], seen: Array, num_before: int) -> None:
    """Give the new nodes of a tree their columns, and say which columns each sees: its ancestors' and its own.

    Args:
        nodes: After their parents, where these are new too; not the root.
        seen: False for each of N nodes and of C columns at least, (N, C); what is seen becomes true.
        num_before: Columns that the tree has already.

    Example:
        >>> root = AnswerNode()
        >>> one, two = root.child(5), root.after([5, 6])
        >>> root.column, seen = ROOT, np.zeros((2, 2), dtype=bool)
        >>> see_ancestors([one, two], seen, num_before=0)
        >>> seen.tolist(), two.column
        ([[True, False], [True, True]], 1)
    """
    for at, node in enumerate(nodes):
        assert node.parent is not None
        column = node.parent.column
        assert column is not None
        if column >= num_before:
            seen[at] |= seen[column - num_before]
        else:
            seen[at, _columns(node.parent)] = True
        node.column = num_before + at
        seen[at, node.column] = True


def _columns(node: TreeNode) -> list[int]:
    """The columns of a node and of its ancestors, but for the root."""
    columns = []
    while node.parent is not None:
        assert node.column is not None
        columns.append(node.column)
        node = node.parent
    return columns


def has_many(num_columns: int, num_kept: int) -> bool:
    """Whether it is worth dropping the nodes of a tree that are not needed, given how many stayed the last time.

    Example:
        >>> has_many(60, 10), has_many(100, 10), has_many(100, 60)
        (False, True, False)
    """
    return num_columns > max(_MOST_COLUMNS, 2 * num_kept)


def forget_others(nodes: list[tuple[int, TreeNode]], needed: Iterable[TreeNode]) -> list[int]:
    """Take those out of a tree's nodes that are not needed.

    Args:
        nodes: With their columns; gets those of the others, with columns from 0.
        needed: Those that stay.

    Returns:
        The columns that the others had.

    Example:
        >>> root = AnswerNode()
        >>> one, two = root.child(5), root.child(6)
        >>> one.column, two.column = 0, 1
        >>> forget_others([(0, one), (1, two)], [two]), one.column, two.column
        ([1], None, 0)
    """
    known = {id(node) for node in needed}
    kept: list[tuple[int, TreeNode]] = []
    columns: list[int] = []
    for column, node in nodes:
        if node.column != column:  # it was read once more
            continue
        if id(node) in known:
            node.column = len(kept)
            columns.append(column)
            kept.append((len(kept), node))
        else:
            node.forget()
    nodes[:] = kept
    return columns
