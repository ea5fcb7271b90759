"""Best-first beam search over tags with the words forced, which asks for probabilities only where it needs them.

See docs/decisions/constrained.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, inf
from typing import NamedTuple

from gner.bio import OUTSIDE
from gner.decoding.tag_forecast import Question, TagForecast
from gner.decoding.tag_frontier import Frontier, History, tokens_until
from gner.decoding.tag_memory import Guesses
from gner.decoding.tree_node import AnswerNode
from gner.decoding.word_tokens import Choices, PieceTokenizer, TrieNode
from gner.records import Example


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
        root: The beginning of no tokens.

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
        ...     [questions] = search.wanted(128)
        ...     search.learn(questions, [[-float(token) for token in question.tokens] for question in questions])
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
        root: AnswerNode | None = None,
    ) -> None:
        self._pieces = pieces
        self._example = example
        self._end = Choices((), TrieNode.of({OUTSIDE: [end]}))
        self._num_words = len(example.words)
        self._root = History(self._choices, root or AnswerNode())
        self._frontier = Frontier(self._root, self._num_words + 1, num_beams, limit)
        self._forecast = TagForecast(guesses, self._num_words)
        self.best: History | None = None

    def _choices(self, word: int, before: str) -> Choices:
        if word < self._num_words:
            return self._pieces.choices(self._example, word, before)
        return self._end

    def advance(self) -> bool:
        """Search on as far as probabilities are known; False when the best tags are found."""
        while self.best is None:
            _, _, history, prefix = self._frontier.first()
            if self._frontier.is_last(history):
                self.best = history
                break
            known = history.known.get(prefix or history.next.tags)
            if known is None:
                return True
            self._frontier.extend(sum(history.stem_log_probs), known)
        return False

    def settled(self) -> list[int]:
        """The tokens that every answer begins with which may still be found."""
        histories = {beginning.history for beginning in self._frontier.open()}
        shared = min(histories, key=lambda history: history.num_words).tags
        for history in histories:
            pairs = zip(shared, history.tags, strict=False)
            shared = shared[: next((at for at, (one, other) in enumerate(pairs) if one != other), len(shared))]
        settled = self._root
        for tag in shared:
            settled = settled.child(tag)
        return settled.node.tokens()

    def open_answers(self) -> Iterator[AnswerNode]:
        """Beginnings of answers that may still be looked at, as far as they were read, the most probable first."""
        for _, _, history, prefix in self._frontier.open():
            yield history.reached([] if prefix is None else tokens_until(history, prefix))

    def wanted(self, room: int, most: float = inf) -> list[list[Question]]:
        """What to ask for the search to continue; see `gner.decoding.tag_forecast.TagForecast.wanted`.

        Not empty while `advance` is true.
        """
        return self._forecast.wanted(self._frontier, room, most)

    def learn(self, questions: Sequence[Question], log_probs: Sequence[Sequence[float]]) -> None:
        """Take what a network said: log-probabilities of what was asked."""
        for (history, prefix, _, tokens), values in zip(questions, log_probs, strict=True):
            if prefix is not None:
                history.known[prefix] = dict(zip(tokens, values, strict=True))
            elif len(history.stem_log_probs) < len(history.next.stem):
                history.stem_log_probs += values
        self._forecast.learn(questions)

    def written(self) -> Written:
        """How the best tags are written, once they are found."""
        assert self.best is not None
        log_probs: list[float] = []
        probabilities: list[float] = []
        history, tags = self._root, self.best.tags
        for tag in tags:
            log_probs += history.stem_log_probs
            probability = 1.0
            for node, token in history.next.tags.path(tag):
                known = history.known[node]
                log_probs.append(known[token])
                most = max(known.values())
                probability *= exp(known[token] - most) / sum(exp(other - most) for other in known.values())
            probabilities.append(probability)
            history = history.child(tag)
        num_words = min(len(tags), self._num_words)
        return Written(self.best.node.tokens(), log_probs, tags[:num_words], probabilities[:num_words])
