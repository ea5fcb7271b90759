"""Best-first beam search over tags with the words forced, which asks for probabilities only where it needs them.

See docs/decisions/constrained.md.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from itertools import count, takewhile
from math import exp, inf
from typing import NamedTuple

from gner.bio import OUTSIDE
from gner.decoding.tag_memory import Guesses
from gner.decoding.word_tokens import Choices, PieceTokenizer, TrieNode
from gner.records import Example


class History:
    """The tags of the first words of a sentence.

    Attributes:
        tags: One for each of these words.
        tokens: What the words are written with.
        next: How the next word can be written.
        stem_log_probs: Of the tokens of its stem, once they were read.
        known: Log-probabilities of the next tokens, for prefixes of its tag that were read.
        children: Histories of one word more.
    """

    __slots__ = ("children", "known", "next", "stem_log_probs", "tags", "tokens")

    def __init__(self, tags: tuple[str, ...], tokens: list[int], choices: Choices) -> None:
        self.tags = tags
        self.tokens = tokens
        self.next = choices
        self.stem_log_probs: list[float] = []
        self.known: dict[TrieNode, dict[int, float]] = {}
        self.children: dict[str, History] = {}

    @property
    def last_tag(self) -> str:
        """The tag of the last word; O at the start."""
        return self.tags[-1] if self.tags else OUTSIDE


class Step(NamedTuple):
    """A token of a draft: what is asked for in its place.

    Attributes:
        history: Which word it belongs to.
        node: The prefix of a tag that precedes it, or None within the stem.
    """

    history: History
    node: TrieNode | None


class Draft(NamedTuple):
    """An answer to read: the last of its tokens are those for which there are steps."""

    answer: list[int]
    steps: list[Step]

    def asked(self) -> list[Collection[int]]:
        """Tokens whose log-probabilities are wanted in the place of each step."""
        first = len(self.answer) - len(self.steps)
        return [
            (token,) if step.node is None else step.node.children
            for step, token in zip(self.steps, self.answer[first:], strict=True)
        ]


class Written(NamedTuple):
    """What a search found.

    Attributes:
        tokens: Of the answer.
        log_probs: Of these tokens.
        tags: Of the words, or of the first ones if there was no room for more.
        probabilities: Of these tags among all that the words could have had, given the words and tags before.
    """

    tokens: list[int]
    log_probs: list[float]
    tags: tuple[str, ...]
    probabilities: list[float]


class TagSearch:
    """Beam search over the tags of one sentence, where a step is a word.

    Best-first beam search (Meister et al., 2020, arXiv 2007.03909): of all beginnings, the most probable is looked at
    first, and at most ``num_beams`` for each number of words, which finds what beam search finds. As probabilities only
    fall, most beginnings that a beam would hold are never looked at. With one beam each word gets the most probable of
    its tags, whole tags compared.

    Args:
        pieces: How words are written with tags.
        example: Whose words they are.
        end: The end token.
        num_beams: Beginnings of each number of words that are looked at.
        guesses: Which tags to draft.
        limit: Tokens that there is room for; a sentence that needs more ends early.

    Attributes:
        best: The tags of the whole sentence, and of the end token, when they are found.

    Example:
        >>> from gner.decoding.tag_memory import TagMemory
        >>> from gner.interfaces import Kind
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[1]
        >>> pieces = PieceTokenizer(model.tokenizer, model.format, Kind.CAUSAL)
        >>> search = TagSearch(pieces, example, end=2, num_beams=1, guesses=Guesses(TagMemory(), example))
        >>> while search.advance():  # as a network that wants the least token everywhere
        ...     [draft] = search.drafts(1, 128)
        ...     search.learn(draft, [[-float(token) for token in tokens] for tokens in draft.asked()])
        >>> search.written().tags
        ('O',)
    """

    def __init__(
        self,
        pieces: PieceTokenizer,
        example: Example,
        *,
        end: int,
        num_beams: int,
        guesses: Guesses,
        limit: float = inf,
    ) -> None:
        self._pieces = pieces
        self._example = example
        self._end = Choices((), TrieNode.of({OUTSIDE: [end]}))
        self._num_beams = num_beams
        self._num_words = len(example.words)
        self._num_seen = [0] * (self._num_words + 2)
        self._order = count()
        self._guesses = guesses
        self._limit = limit
        self._beginnings: list[tuple[float, int, History, TrieNode | None]] = []
        self.best: History | None = None
        self.root = History((), [], self._choices(0, OUTSIDE))
        self._push(0.0, self.root, None)

    def _choices(self, word: int, before: str) -> Choices:
        if word < self._num_words:
            return self._pieces.choices(self._example, word, before)
        return self._end

    def _push(self, cost: float, history: History, node: TrieNode | None) -> None:
        heapq.heappush(self._beginnings, (cost, next(self._order), history, node))

    def _after(self, history: History, tag: str) -> History:
        """The history of one word more."""
        child = history.children.get(tag)
        if child is None:
            tokens = [*history.tokens, *history.next.stem, *(token for _, token in history.next.tags.path(tag))]
            tags = (*history.tags, tag)
            child = history.children[tag] = History(tags, tokens, self._choices(len(tags), tag))
        return child

    def advance(self) -> bool:
        """Search on as far as probabilities are known; False when the best tags are found."""
        while self.best is None:
            cost, _, history, node = self._beginnings[0]
            if not self._is_open(history, node):
                heapq.heappop(self._beginnings)
                continue
            if len(history.tags) > self._num_words or self._is_full(history):
                self.best = history
                break
            known = history.known.get(node or history.next.tags)
            if known is None:
                return True
            heapq.heappop(self._beginnings)
            if node is None:
                self._num_seen[len(history.tags)] += 1
                cost -= sum(history.stem_log_probs)
            self._extend(cost, history, node or history.next.tags, known)
        return False

    def settled(self) -> list[int]:
        """The tokens that every answer begins with which may still be found."""
        self._beginnings = [item for item in self._beginnings if self._is_open(item[2], item[3])]
        heapq.heapify(self._beginnings)
        histories = {item[2] for item in self._beginnings}
        shortest = min(histories, key=lambda history: len(history.tags))
        shared = shortest.tags
        for history in histories:
            pairs = zip(shared, history.tags, strict=False)
            shared = shared[: next((at for at, (one, other) in enumerate(pairs) if one != other), len(shared))]
        settled = self.root
        for tag in shared:
            settled = settled.children[tag]
        return settled.tokens

    def _is_open(self, history: History, node: TrieNode | None) -> bool:
        """Whether a beginning is among those that are looked at, of its number of words."""
        return self._num_seen[len(history.tags) + (node is not None)] < self._num_beams

    def _is_full(self, history: History) -> bool:
        """Whether there may be no room for the next word."""
        return len(history.tokens) + len(history.next.stem) + history.next.tags.depth > self._limit

    def _extend(self, cost: float, history: History, node: TrieNode, known: dict[int, float]) -> None:
        for token, child in node.children.items():
            if child.tag is not None:
                self._push(cost - known[token], self._after(history, child.tag), None)
            if child.children:
                self._push(cost - known[token], history, child)

    def drafts(self, most: int, room: int) -> list[Draft]:
        """What must be read for the search to continue, most urgent first; not empty while `advance` is true."""
        wanted = []
        for _, _, history, node in heapq.nsmallest(2 * most, self._beginnings) if most > 1 else self._beginnings[:1]:
            is_known = (node or history.next.tags) in history.known
            is_open = self._is_open(history, node) and len(history.tags) <= self._num_words
            if is_open and not is_known and not self._is_full(history):
                wanted.append(self._draft(history, node, room))
                if len(wanted) == most:
                    break
        return wanted

    def written(self) -> Written:
        """How the best tags are written, once they are found."""
        assert self.best is not None
        log_probs: list[float] = []
        probabilities: list[float] = []
        history = self.root
        for tag in self.best.tags:
            log_probs += history.stem_log_probs
            probability = 1.0
            for node, token in history.next.tags.path(tag):
                known = history.known[node]
                log_probs.append(known[token])
                most = max(known.values())
                probability *= exp(known[token] - most) / sum(exp(other - most) for other in known.values())
            probabilities.append(probability)
            history = history.children[tag]
        num_words = min(len(self.best.tags), self._num_words)
        return Written(self.best.tokens, log_probs, self.best.tags[:num_words], probabilities[:num_words])

    def _draft(self, history: History, node: TrieNode | None, room: int) -> Draft:
        """Write on from a beginning with the tags that seem to be wanted."""
        answer, steps = [*history.tokens], []
        if node is not None:
            answer += history.next.stem
            answer += _path(history.next.tags, node)
        limit = len(answer) + room
        while True:
            if node is None:
                answer += history.next.stem
                steps += [Step(history, None)] * len(history.next.stem)
                node = history.next.tags
            goal = self._goal(history, node)
            for beginning, token in node.path(goal):
                steps.append(Step(history, beginning))
                answer.append(token)
            is_last = len(history.tags) == self._num_words
            if not is_last:
                history, node = self._after(history, goal), None
            if is_last or len(answer) >= limit or self._is_full(history):
                return Draft(answer, steps)

    def _goal(self, history: History, node: TrieNode) -> str:
        """The tag to draft, of those that a beginning leaves open."""
        word = len(history.tags)
        if word == self._num_words:
            return OUTSIDE
        return self._guesses.tag(word, history.last_tag, node)

    def learn(self, draft: Draft, log_probs: Sequence[Sequence[float]]) -> None:
        """Take what a network made of a draft: log-probabilities of what it asked for."""
        deviating: History | None = None
        first = len(draft.answer) - len(draft.steps)
        for step, token, scores in zip(draft.steps, draft.answer[first:], log_probs, strict=True):
            history, node = step
            if node is None:
                if len(history.stem_log_probs) < len(history.next.stem):  # otherwise it was read before
                    history.stem_log_probs += scores
                continue
            known = history.known.setdefault(node, dict(zip(node.children, scores, strict=True)))
            if history is not deviating:
                best = max(known, key=known.__getitem__)
                if best != token:
                    deviating = history
                    self._guesses.show(
                        len(history.tags), history.tags[-1] if history.tags else OUTSIDE, node.children[best]
                    )


def _path(root: TrieNode, node: TrieNode) -> list[int]:
    """The tokens from one beginning to another."""
    steps = root.path(node.tag or next(iter(node.toward)))
    return [token for _, token in takewhile(lambda step: step[0] is not node, steps)]
