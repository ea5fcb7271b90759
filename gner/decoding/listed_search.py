"""Search among the answers that a grammar writes about a sentence: all other tokens are masked in ``generate``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from itertools import groupby
from math import inf

import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList

from gner.decoding.answer_automaton import AnswerAutomaton, State
from gner.decoding.answer_strings import ReadBack
from gner.decoding.huggingface_beams import HuggingFaceBeams
from gner.decoding.vocabulary_trie import VocabularyTrie
from gner.decoding.word_tokens import answer_start
from gner.errors import UserError
from gner.interfaces import Batch, Kind, TextModel, kind_of
from gner.prompting import AnswerGrammar, Format
from gner.records import Generation


class AllowedTokens:
    """The tokens that may come next in an answer, such that it can be completed before its limit.

    Args:
        vocabulary: The tokens.
        automaton: The answers.
        end: The end token.
        limit: Most tokens of the answer.
        start: Special tokens that answers start with.

    Example:
        >>> from gner.prompting import ListItem
        >>> grammar = AnswerGrammar("-", "", (ListItem("person", "", "", str),), "+", ".")
        >>> vocabulary = VocabularyTrie(dict(enumerate([b"A", b"d", b"Ad", b"+", b".", b"-"])))
        >>> make = lambda limit: AllowedTokens(vocabulary, AnswerAutomaton.of(grammar, ["Ad"]), end=9, limit=limit)
        >>> allowed, short = make(20), make(3)
        >>> [sorted(allowed.after(written).tolist()) for written in ((), (0,), (0, 1), (0, 1, 4), (0, 1, 4, 9))]
        [[0, 2, 5], [1], [4], [9], []]
        >>> sorted(short.after(()).tolist())  # three tokens are too few for `A`, `d`, `.` and the end
        [2, 5]
    """

    def __init__(
        self, vocabulary: VocabularyTrie, automaton: AnswerAutomaton, *, end: int, limit: int, start: Sequence[int] = ()
    ) -> None:
        self._vocabulary = vocabulary
        self._end = end
        self._limit = limit
        self._forced = tuple(start)
        self._enough = automaton.longest_closing + 2
        self._length = 0
        self._before: dict[tuple[int, ...], State | None] = {}
        self._now: dict[tuple[int, ...], State | None] = {(): automaton.start}
        self._next: dict[State, dict[int, State]] = {}
        self._indices: dict[State, Tensor] = {}

    def after(self, written: tuple[int, ...]) -> Tensor:
        """The tokens that may follow what was written; none after the end, or after what is no answer.

        To be asked for longer and longer beginnings.
        """
        state = self._state(written)
        if len(written) < len(self._forced):
            return _tensor([self._forced[len(written)]])
        if state is None:
            return _tensor([])
        left = self._limit - len(written)
        if left <= self._enough:
            return _tensor(self._that_fit(state, left))
        if state not in self._indices:
            self._indices[state] = _tensor([*self._ends(state), *self._tokens(state)])
        return self._indices[state]

    def _state(self, written: tuple[int, ...]) -> State | None:
        if len(written) > self._length:
            self._before, self._now, self._length = self._now, {}, len(written)
        if written not in self._now:
            before = self._before.get(written[:-1])
            if len(written) <= len(self._forced):
                self._now[written] = before if written[-1] == self._forced[len(written) - 1] else None
            else:
                self._now[written] = None if before is None else self._tokens(before).get(written[-1])
        return self._now[written]

    def _ends(self, state: State) -> list[int]:
        return [self._end] if state.may_end else []

    def _tokens(self, state: State) -> dict[int, State]:
        """The tokens that go on, and where each leads."""
        if state not in self._next:
            self._next[state] = dict(_walk(self._vocabulary, state))
        return self._next[state]

    def _that_fit(self, state: State, left: int) -> list[int]:
        """The tokens after which the answer can be completed with those that are left, or nearly if it cannot be."""
        needs = {token: self._num_to_end(after, left - 1) for token, after in self._tokens(state).items()}
        needs |= dict.fromkeys(self._ends(state), 0)
        most = max(left - 1, min(needs.values(), default=0))
        return [token for token, num_tokens in needs.items() if num_tokens <= most]

    def _num_to_end(self, state: State, room: int) -> float:
        """Tokens that it takes to complete an answer and end it; there may be fewer, where they are enough."""
        num_bytes = len(state.closing)
        return 1 + (num_bytes if num_bytes < room else self._vocabulary.fewest_tokens(state.closing))


def _tensor(tokens: list[int]) -> Tensor:
    return torch.tensor(tokens, dtype=torch.long)


def _walk(vocabulary: VocabularyTrie, state: State) -> Iterator[tuple[int, State]]:
    """All tokens that can come next, and where each leads."""
    stack = [(vocabulary.root, state)]
    while stack:
        node, reached = stack.pop()
        for byte, after in reached.edges.items():
            child = node.child(byte)
            if child is not None:
                for token in child.tokens:
                    yield token, after
                if child.goes_on:
                    stack.append((child, after))


class AnswerMask(LogitsProcessor):
    """Leaves of the logits those of allowed tokens.

    Args:
        rows: What each row may write.
        start: Tokens before an answer, padding included.

    Attributes:
        num_steps: How often it was asked.
    """

    def __init__(self, rows: Sequence[AllowedTokens], start: int) -> None:
        self._rows = rows
        self._start = start
        self.num_steps = 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Logits of minus infinity for all other tokens, (R * N, V), N beams for each row."""
        self.num_steps += 1
        num_beams = len(input_ids) // len(self._rows)
        written = input_ids[:, self._start :].tolist()
        allowed = [self._rows[beam // num_beams].after(tuple(tokens)) for beam, tokens in enumerate(written)]
        places = torch.cat([tokens + beam * scores.shape[1] for beam, tokens in enumerate(allowed)]).to(scores.device)
        masked = torch.full_like(scores, -inf)
        masked.view(-1)[places] = scores.reshape(-1)[places]
        return masked


def search_answers(
    model: TextModel, batch: Batch, vocabulary: VocabularyTrie, num_beams: int
) -> tuple[list[Generation], int]:
    """Beam search among the answers that a format's grammars write about the sentences of a batch.

    Args:
        model: What writes; its format has grammars.
        batch: R rows.
        vocabulary: Of the tokenizer.
        num_beams: Width.

    Returns:
        One generation for each row, and the forward passes over the decoder that they took.

    Raises:
        UserError: The tokenizer cannot write the frame of the answers.
    """
    search = _ListedSearch(model, vocabulary, num_beams)
    return search.generate(model, batch), search.num_passes


class _ListedSearch(HuggingFaceBeams):
    """See `search_answers`; ``num_passes`` are those since it was made."""

    def __init__(self, model: TextModel, vocabulary: VocabularyTrie, num_beams: int) -> None:
        super().__init__(num_beams)
        self._model = model
        self._vocabulary = vocabulary
        self.num_passes = 0
        self._mask: AnswerMask | None = None

    def processors(self, batch: Batch, limits: Sequence[int]) -> LogitsProcessorList:
        """The mask."""
        is_seq2seq = kind_of(self._model.network.config) is Kind.SEQ2SEQ
        special = answer_start(self._model.tokenizer) if is_seq2seq else ()
        end = self._model.tokenizer.eos_token_id
        rows = [
            AllowedTokens(self._vocabulary, automaton, end=end, limit=limit, start=special)
            for automaton, limit in zip(self._automata(batch), limits, strict=True)
        ]
        self._mask = AnswerMask(rows, 1 if is_seq2seq else batch.prompt_ids.shape[1])
        return LogitsProcessorList([self._mask])

    def write(self, model: TextModel, batch: Batch) -> list[list[int]]:
        """Token ids of the answers; none is taken for a loop, as each comes to its end."""
        batch = copy(batch)
        batch.stops_loops = False
        written = super().write(model, batch)
        self.num_passes += self._mask.num_steps if self._mask else 0
        return written

    def _automata(self, batch: Batch) -> Iterator[AnswerAutomaton]:
        """The answers to each row, the queries of an example one after the other."""
        form = self._model.format
        for owner, rows in groupby(batch.owners):
            example = batch.examples[owner]
            grammars = form.grammars(example)
            assert grammars is not None
            for query, _ in enumerate(rows):
                check_frame(self._vocabulary, grammars[query], form)
                can_read = ReadBack(form, example, grammars, query)
                yield AnswerAutomaton.of(
                    grammars[query],
                    example.words,
                    can_read=can_read,
                    can_write=self._vocabulary.can_write,
                    optional=form.answer_start,
                )


def check_frame(vocabulary: VocabularyTrie, grammar: AnswerGrammar, format: Format) -> None:
    """Refuse a grammar whose own texts cannot be written with the tokens of a vocabulary.

    Example:
        >>> from gner.prompting import GnerFormat, ListItem
        >>> grammar = AnswerGrammar("{}", "{", (ListItem("person", "", "", str),), ",", "}")
        >>> check_frame(VocabularyTrie({5: b"{", 6: b","}), grammar, GnerFormat())  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a tokenizer that can write the answers of GnerFormat, ... without '}', ...
    """
    texts = [grammar.empty.lstrip(" "), grammar.start.lstrip(" "), grammar.separator, grammar.end]
    for item in grammar.items:
        texts += [item.before, item.after]
    for text in texts:
        missing = vocabulary.first_unwritable(text)
        if missing is not None:
            raise UserError(
                f"Expected a tokenizer that can write the answers of {type(format).__name__}, as Constrained allows "
                f"nothing else, got one without {missing!r}, as in {text!r}. Set model.decoding to Speculative, Greedy "
                "or BeamSearch, or take another backbone."
            )
