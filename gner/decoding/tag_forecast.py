"""What a search over tags is going to ask a network, so that one pass can answer many of its questions.

See docs/decisions/constrained.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import NamedTuple

from gner.decoding.tag_frontier import Frontier, History, tokens_until
from gner.decoding.tag_memory import Guesses
from gner.decoding.tree_node import AnswerNode
from gner.decoding.word_tokens import TrieNode


class Question(NamedTuple):
    """What a search asks a network.

    Attributes:
        history: The words before.
        prefix: Of the tag of the next word, or None within its stem.
        node: The answer before the place that is asked about.
        tokens: Whose log-probabilities are asked for.
    """

    history: History
    prefix: TrieNode | None
    node: AnswerNode
    tokens: Collection[int]


class TagForecast:
    """Looks ahead in the search over the tags of one sentence.

    The search is taken further on scores that are expected: those of another history of as many words that ends alike,
    as tags further back matter less. Where there is none, the guessed tag is taken to be certain. What is expected
    costs or saves time, and decides nothing.

    Args:
        guesses: Which tags to expect.
        num_words: Of the sentence.

    Example:
        >>> from gner.decoding.tag_memory import TagMemory
        >>> from gner.decoding.word_tokens import Choices
        >>> from gner.records import Example
        >>> guesses = Guesses(TagMemory(), Example(("in", "Rome"), ("O", "O"), ("city",), "toy", "0"))
        >>> tags = TrieNode.of({"O": [8], "B-city": [9, 7]})
        >>> frontier = Frontier(History(lambda word, before: Choices((5,), tags), AnswerNode()), 2, num_beams=4)
        >>> [chain] = TagForecast(guesses, num_words=2).wanted(frontier, room=9)
        >>> [(question.node.tokens(), list(question.tokens)) for question in chain]
        [([], [5]), ([5], [8, 9]), ([5, 8], [5]), ([5, 8, 5], [8, 9])]
    """

    def __init__(self, guesses: Guesses, num_words: int) -> None:
        self._guesses = guesses
        self._num_words = num_words
        self._stems: dict[int, float] = {}
        self._scores: dict[tuple[int, TrieNode], Mapping[int, float]] = {}
        self._guessed: dict[tuple[History, TrieNode], int] = {}  # since the last pass

    def wanted(self, frontier: Frontier, room: int, most: float = inf) -> list[list[Question]]:
        """What the search will ask, in chains: each question of one is about the answer of the last and a token more.

        Args:
            frontier: The search as far as it is known.
            room: Most questions, beside those that the search waits for.
            most: Most chains; with one, the likeliest tags are taken to be certain.
        """
        ahead, chains = frontier.fork(), dict[AnswerNode, list[Question]]()  # by the last answer
        num_asked = 0
        while num_asked < room:
            _, _, history, prefix = ahead.first()
            if ahead.is_last(history):
                break
            tags = prefix or history.next.tags
            stem: float = sum(history.stem_log_probs)
            known: Mapping[int, float] | None = history.known.get(tags)
            if known is None:
                questions = _questions(history, prefix)
                if not _append(chains, questions, most):
                    break
                num_asked += len(questions)
                stem, known = self._expected(history, tags, is_certain=most == 1)
            ahead.extend(stem, known)
        return list(chains.values())

    def _expected(self, history: History, prefix: TrieNode, *, is_certain: bool) -> tuple[float, Mapping[int, float]]:
        """What the network may say of the stem of the next word, and of the tokens after a prefix of its tag."""
        stem = 0.0 if is_certain else self._stems.get(history.num_words, 0.0)
        scores = self._scores.get((history.num_words, prefix))
        if scores is None:
            guess = self._guessed[history, prefix] = self._guess(history, prefix)
            return stem, {guess: 0.0}
        return stem, {max(scores, key=scores.__getitem__): 0.0} if is_certain else scores

    def _guess(self, history: History, prefix: TrieNode) -> int:
        """The token that is expected after a prefix of a tag."""
        likely = next(iter(prefix.children))
        if history.num_words == self._num_words:
            return likely
        return prefix.toward.get(self._guesses.tag(history.num_words, history.last_tag, prefix), likely)

    def learn(self, questions: Sequence[Question]) -> None:
        """Take what the network said; histories know it already."""
        shown: set[History] = set()
        for history, prefix, _, _ in questions:
            word = history.num_words
            if prefix is None:
                self._stems[word] = sum(history.stem_log_probs)
                continue
            known = self._scores[word, prefix] = history.known[prefix]
            if history in shown:
                continue
            best, guess = max(known, key=known.__getitem__), self._guessed.get((history, prefix))
            if best != (self._guess(history, prefix) if guess is None else guess):
                shown.add(history)
                self._guesses.show(word, history.last_tag, prefix.children[best])
        self._guessed.clear()


def _append(chains: dict[AnswerNode, list[Question]], questions: list[Question], most: float) -> bool:
    """Put questions at the end of a chain, or into a new one if there are fewer than most; returns whether it could."""
    before = questions[0].node.parent
    if before is not None and before in chains:
        chain = chains.pop(before)
    elif len(chains) < most:
        chain = []
    else:
        return False
    chain += questions
    chains[questions[-1].node] = chain
    return True


def _questions(history: History, prefix: TrieNode | None) -> list[Question]:
    """What must be read to look at a beginning."""
    stem, tags = history.next
    if prefix is not None:
        return [Question(history, prefix, history.node.after(tokens_until(history, prefix)), prefix.children)]
    node = history.node
    questions = []
    for token in stem:
        questions.append(Question(history, None, node, (token,)))
        node = node.child(token)
    return [*questions, Question(history, tags, node, tags.children)]
