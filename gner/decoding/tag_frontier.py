"""Beginnings of a tagged sentence, and the order in which a best-first search looks at them.

See docs/decisions/constrained.md.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from itertools import takewhile
from math import inf
from typing import NamedTuple

from gner.bio import OUTSIDE
from gner.decoding.tree_node import AnswerNode
from gner.decoding.word_tokens import Choices, TrieNode


class History:
    """The tags of the first words of a sentence.

    Most histories of a search are never looked at, so what they are written with is found when it is asked for.

    Args:
        choices: How a word can be written after a tag, given its place and the tag.
        root: The beginning of no tokens.
        before: The history of one word less, or None before the first word.
        tag: Of the last word.

    Attributes:
        num_words: How many words have tags.
        last_tag: The tag of the last word; O at the start.
        stem_log_probs: Of the tokens of the next word's stem, as far as they were read.
        known: Log-probabilities of the next tokens, for prefixes of its tag that were read.

    Example:
        >>> choices = lambda word, before: Choices((word,), TrieNode.of({"O": [8], "B-city": [9, 8]}))
        >>> city = History(choices, AnswerNode()).child("O").child("B-city")
        >>> city.node.tokens(), city.tags
        ([0, 8, 1, 9, 8], ('O', 'B-city'))
    """

    __slots__ = (
        "_before",
        "_children",
        "_choices",
        "_next",
        "_node",
        "known",
        "last_tag",
        "num_words",
        "stem_log_probs",
    )

    def __init__(
        self,
        choices: Callable[[int, str], Choices],
        root: AnswerNode | None,
        before: History | None = None,
        tag: str = OUTSIDE,
    ) -> None:
        self._choices = choices
        self._before = before
        self._node = root
        self._next: Choices | None = None
        self._children: dict[str, History] = {}
        self.last_tag = tag
        self.num_words: int = 0 if before is None else before.num_words + 1
        self.stem_log_probs: list[float] = []
        self.known: dict[TrieNode, dict[int, float]] = {}

    @property
    def next(self) -> Choices:
        """How the next word can be written."""
        if self._next is None:
            self._next = self._choices(self.num_words, self.last_tag)
        return self._next

    @property
    def node(self) -> AnswerNode:
        """What the words are written with."""
        if self._node is None:
            assert self._before is not None
            before = self._before
            path = before.next.tags.path(self.last_tag)
            self._node = before.node.after(before.next.stem).after(token for _, token in path)
        return self._node

    def reached(self, tokens: Sequence[int] = ()) -> AnswerNode:
        """As much of the node as was made before, and if it was, of what some tokens make of it."""
        node = self._node
        if node is None:
            assert self._before is not None
            node, (stem, tags) = self._before.node, self._before.next
            tokens = [*stem, *(token for _, token in tags.path(self.last_tag))]
        for token in tokens:
            child = node.children.get(token)
            if child is None:
                break
            node = child
        return node

    @property
    def tags(self) -> tuple[str, ...]:
        """One for each of the words."""
        tags: list[str] = []
        history = self
        while history._before is not None:
            tags.append(history.last_tag)
            history = history._before
        return tuple(reversed(tags))

    def child(self, tag: str) -> History:
        """The history of one word more."""
        child = self._children.get(tag)
        if child is None:
            child = self._children[tag] = History(self._choices, None, self, tag)
        return child


class Beginning(NamedTuple):
    """Where a search may go on.

    Attributes:
        cost: Its log-probability, negative.
        order: Which came first, of those that cost the same.
        history: The words that have tags.
        prefix: Of the next word's tag; None before its stem.
    """

    cost: float
    order: int
    history: History
    prefix: TrieNode | None


class Frontier:
    """Beginnings that were not looked at, in the order of best-first beam search.

    Of each number of words at most ``num_beams`` histories are looked at; beginnings with fewer words than these are
    closed then.

    Args:
        root: The history of no words.
        num_words: Of the sentence, with the end as one more.
        num_beams: Histories of each number of words that are looked at.
        limit: Tokens that there is room for.

    Example:
        >>> tags = TrieNode.of({"O": [8], "B-city": [9]})
        >>> frontier = Frontier(History(lambda word, before: Choices((5,), tags), AnswerNode()), 2, num_beams=1)
        >>> frontier.extend(-0.1, {8: -0.5, 9: -2.0})
        >>> beginning = frontier.first()
        >>> round(beginning.cost, 3), beginning.history.tags, frontier.is_last(beginning.history)
        (0.6, ('O',), False)
    """

    def __init__(self, root: History, num_words: int, num_beams: int, limit: float = inf) -> None:
        self._num_words = num_words
        self._num_beams = num_beams
        self._limit = limit
        self._num_seen = [0] * (num_words + 1)
        self._num_pushed = 0
        self._beginnings: list[Beginning] = []
        self._push(0.0, root, None)

    def _push(self, cost: float, history: History, prefix: TrieNode | None) -> None:
        heapq.heappush(self._beginnings, Beginning(cost, self._num_pushed, history, prefix))
        self._num_pushed += 1

    def fork(self) -> Frontier:
        """The same, to be taken further on what is expected."""
        other = copy(self)
        other._beginnings, other._num_seen = self._beginnings.copy(), self._num_seen.copy()
        return other

    def first(self) -> Beginning:
        """The most probable beginning of those that may be looked at."""
        while not self._is_open(self._beginnings[0]):
            heapq.heappop(self._beginnings)
        return self._beginnings[0]

    def _is_open(self, beginning: Beginning) -> bool:
        """Whether a beginning is among those that are looked at, of its number of words."""
        _, _, history, prefix = beginning
        return self._num_seen[history.num_words + (prefix is not None)] < self._num_beams

    def is_last(self, history: History) -> bool:
        """Whether all words have tags, or there may be no room for the next one."""
        if history.num_words >= self._num_words:
            return True
        if self._limit == inf:
            return False
        stem, tags = history.next
        return history.node.depth + len(stem) + tags.depth > self._limit

    def extend(self, stem: float, known: Mapping[int, float]) -> None:
        """Look at the first beginning, and go on with what can follow it.

        Args:
            stem: The log-probability of the next word's stem; not used within a tag.
            known: Those of tokens that come next; without one that is in no case looked at.
        """
        cost, _, history, prefix = heapq.heappop(self._beginnings)
        if prefix is None:
            prefix = history.next.tags
            self._num_seen[history.num_words] += 1
            cost -= stem
        for token, child in prefix.children.items():
            if token not in known:
                continue
            if child.tag is not None:
                self._push(cost - known[token], history.child(child.tag), None)
            if child.children:
                self._push(cost - known[token], history, child)

    def open(self) -> list[Beginning]:
        """All that may be looked at, the most probable first."""
        self._beginnings = sorted(filter(self._is_open, self._beginnings))  # a sorted list is a heap
        return self._beginnings


def tokens_until(history: History, prefix: TrieNode) -> list[int]:
    """Tokens of the next word until after a prefix of its tag.

    Example:
        >>> tags = TrieNode.of({"O": [8], "B-city": [9, 7], "B-song": [9, 6]})
        >>> history = History(lambda word, before: Choices((5,), tags), AnswerNode())
        >>> tokens_until(history, tags.children[9])
        [5, 9]
    """
    stem, tags = history.next
    steps = tags.path(prefix.tag or next(iter(prefix.toward)))
    return [*stem, *(token for _, token in takewhile(lambda step: step[0] is not prefix, steps))]
