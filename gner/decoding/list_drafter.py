"""Draft tokens for speculative decoding of lists: strings of the sentence in the frame of an answer.

See docs/decisions/speculative.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from gner.decoding.answer_tokens import AnswerTokenizer
from gner.decoding.drafter import loop_of
from gner.decoding.list_completion import Completion, ListCompleter, Mark
from gner.decoding.token_memory import Followers, TokenMemory, followers

_SHORTEST, _LONGEST = 4, 128
_FAILURES = 2
_MOST_FOLLOWING = 16


class ListDrafter:
    """Drafts the rest of one answer, and learns from the model's choices; see `gner.decoding.drafter.Drafter`.

    Args:
        tokens: How answers are tokenized.
        completer: What may follow.
        memory: What followed tokens in earlier answers.
        sentence: The words as one text.

    Attributes:
        written: Token ids that the model has chosen.
    """

    def __init__(self, tokens: AnswerTokenizer, completer: ListCompleter, memory: TokenMemory, sentence: str) -> None:
        self._tokens = tokens
        self._completer = completer
        self._memory = memory
        self._sentence = sentence
        self._followers: Followers | None = None
        self._text = ""
        self._completion: Completion | None = None
        self._is_planned = False
        self._longest = _LONGEST
        self._num_failed = 0
        self.written: list[int] = []

    def plan(self) -> str | None:
        """The whole answer that is drafted next, or None if what was written is no list; for it to be tokenized."""
        if not self._is_planned:
            self._completion = self._completer.complete(self._text.lstrip())
            self._is_planned = True
        return None if self._completion is None else self._completer.lead + self._completion.text

    def draft(self, limit: int) -> list[int]:
        """Draft the next tokens, at most ``limit``."""
        limit = min(limit, self._longest)
        answer = self.plan()
        if answer is None or limit < 1:
            return loop_of(self.written, limit) or self._follow(limit)
        ids = self._tokens.of(answer)
        size = len(self.written)
        if ids[:size] == self.written:
            return ids[size : size + limit]
        ends = list(accumulate(len(self._tokens.text(token)) for token in ids))
        whole = "".join(map(self._tokens.text, ids))
        end = len(self._text.lstrip()) + len(whole) - len(whole.lstrip())
        if end in ends:  # the model has its own tokens for the same text
            start = ends.index(end) + 1
            return ids[start : start + limit]
        return self._follow(limit)

    def _follow(self, limit: int) -> list[int]:
        """What is expected after the last tokens, where the answer is no list or is tokenized in another way."""
        if self._followers is None:
            self._followers = followers(self._tokens.of(self._sentence))
        return self._memory.follow(self.written, self._followers, min(limit, _MOST_FOLLOWING))

    def accept(self, draft: Sequence[int], choices: Sequence[int]) -> int:
        """Take what the model chose at each place of a draft, and after it; see `Drafter.accept`."""
        agreed = next((at for at, token in enumerate(draft) if token != choices[at]), len(draft))
        if self._completion is not None and agreed < len(draft):
            self._learn(draft, choices, agreed)
        self.written += [*draft[:agreed], choices[agreed]]
        self._text = "".join(map(self._tokens.text, self.written))
        self._is_planned = False
        if len(draft) >= _SHORTEST:
            self._limit(agreed, len(draft))
        return agreed

    def _limit(self, agreed: int, size: int) -> None:
        """Draft less where drafts are worth little."""
        if agreed >= min(_SHORTEST, size):
            self._num_failed, self._longest = 0, _LONGEST
            return
        self._num_failed += 1
        if self._num_failed > _FAILURES:
            self._longest = max(_SHORTEST, self._longest // 4)

    def _learn(self, draft: Sequence[int], choices: Sequence[int], agreed: int) -> None:
        """Take what the model wants after its first difference; given what was drafted, and so a guess."""
        assert self._completion is not None
        text = self._completion.text
        first = self._tokens.text(draft[0])
        written = len(self._text.lstrip()) if self._text else len(first.lstrip()) - len(first)
        starts = list(accumulate((len(self._tokens.text(token)) for token in draft), initial=written))
        for mark in self._completion.marks:
            for at in range(agreed, len(draft)):
                if choices[at] != draft[at] and self._hint(mark, text, (starts[at], starts[at + 1]), choices[at]):
                    break

    def _hint(self, mark: Mark, text: str, place: tuple[int, int], choice: int) -> bool:
        """Take what the model wants in the place of a token; returns whether it says anything of an entity."""
        start, end = place
        wanted = self._tokens.text(choice)
        if start <= mark.start < end and not text[max(0, start) : mark.start].strip():
            self._completer.expect_start(mark.entity, wanted.strip())
            return True
        return False
