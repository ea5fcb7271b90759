"""Beginnings of answers as nodes of a tree."""

from __future__ import annotations

from collections.abc import Iterable


class TreeNode:
    """A beginning of an answer; that of no tokens is the root.

    Attributes:
        token: The last one.
        parent: The beginning without it.
        depth: How many tokens there are.
        column: Where it is in the cache of `gner.decoding.tree_decoder.TreeDecoder`, or None.

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
