"""Draft tokens for speculative decoding of lists: strings of the sentence in the frame of an answer.

See docs/decisions/speculative.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from itertools import accumulate

from gner.decoding.answer_tokens import AnswerTokenizer
from gner.decoding.drafter import loop_of, num_agreed
from gner.decoding.list_completion import Completion, ListCompleter
from gner.decoding.token_memory import Followers, TokenMemory, followers

_SHORTEST, _LONGEST = 4, 128
_FAILURES = 2
_GUESSED = 16


class ListDrafter:
    """Drafts the rest of one answer, and learns from the model's choices.

    As with `gner.decoding.drafter.Drafter`, a draft only saves time. It completes what was written by the grammar of
    the answer; where that is no beginning of any answer, it is what followed the last tokens before.

    Args:
        tokens: How answers are tokenized.
        completer: What may follow what was written.
        memory: What followed tokens in other answers.
        sentence: The source words.

    Attributes:
        written: Token ids that the model has chosen.

    Example:
        >>> from gner.decoding.entity_guesses import EntityGuesses, EntityMemory
        >>> from gner.prompting import AnswerGrammar, ListItem
        >>> from gner.testing import make_examples, tiny_model
        >>> model, [example, *_] = tiny_model("seq2seq"), make_examples()
        >>> memory = EntityMemory()
        >>> memory.learn(example, example.tags)
        >>> grammar = AnswerGrammar("[]", "[", (ListItem("place", '"', '"', str),), ", ", "]")
        >>> completer = ListCompleter(grammar, example, EntityGuesses(memory, example))
        >>> tokens, sentence = AnswerTokenizer(model, example), " ".join(example.words)
        >>> drafter = ListDrafter(tokens, completer, TokenMemory(), sentence)
        >>> model.tokenizer.decode(drafter.draft(limit=128))
        '["London"]'
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
        """The whole answer that the next draft is a part of, or None if no answer starts with what was written.

        For those who tokenize the answers of many drafters at once.
        """
        if not self._is_planned:
            self._completion = self._completer.complete(self._text.lstrip())
            self._is_planned = True
        return None if self._completion is None else self._completer.lead + self._completion.text

    def draft(self, limit: int, least: float = 0.0) -> list[int]:
        """Draft the next tokens, at most ``limit``; how likely they are right cannot be told."""
        limit = min(limit, self._longest)
        answer = self.plan()
        draft = None if answer is None else self._rest(self._tokens.of(answer))
        if draft is None:
            draft = loop_of(self.written, limit) or self._guess(min(limit, _GUESSED))
        return draft[:limit]  # the model's next choice is the end token, if it ends here

    def _rest(self, answer: list[int]) -> list[int] | None:
        """What follows what was written in the tokens of an answer; None if that ends within a token."""
        size = len(self.written)
        if answer[:size] == self.written:
            return answer[size:]
        texts = [self._tokens.text(token) for token in answer]
        whole = "".join(texts)
        end = len(self._text.lstrip()) + len(whole) - len(whole.lstrip())
        ends = list(accumulate(map(len, texts)))
        return answer[ends.index(end) + 1 :] if end in ends else None  # other tokens for the same text

    def _guess(self, limit: int) -> list[int]:
        if self._followers is None:
            self._followers = followers(self._tokens.of(self._sentence))
        return self._memory.follow(self.written, self._followers, limit)

    def copy(self) -> ListDrafter:
        """A drafter of the same answer so far, which may go on otherwise; see `gner.decoding.drafter.Drafter.copy`."""
        other = copy(self)
        other.written = list(self.written)
        return other

    def accept(self, draft: Sequence[int], choices: Sequence[int]) -> int:
        """Take what the model chose at each place of a draft, and after it; see `gner.decoding.drafter.Drafter.accept`.

        Example:
            >>> from gner.decoding.entity_guesses import EntityGuesses, EntityMemory
            >>> from gner.prompting import AnswerGrammar, ListItem
            >>> from gner.testing import make_examples, tiny_model
            >>> model, [example, *_] = tiny_model("seq2seq"), make_examples()
            >>> grammar = AnswerGrammar("[]", "[", (ListItem("place", '"', '"', str),), ", ", "]")
            >>> completer = ListCompleter(grammar, example, EntityGuesses(EntityMemory(), example))
            >>> drafter = ListDrafter(AnswerTokenizer(model, example), completer, TokenMemory(), "")
            >>> draft = drafter.draft(limit=128)
            >>> agreed = drafter.accept(draft, [*draft, model.tokenizer.eos_token_id])
            >>> agreed == len(draft), model.tokenizer.decode(drafter.written)
            (True, '[]</s>')
        """
        agreed = num_agreed(draft, choices)
        if self._completion is not None and agreed < len(draft):
            self._learn(self._completion, draft, choices, agreed)
        new = [*draft[:agreed], choices[agreed]]
        self.written += new
        self._text += "".join(map(self._tokens.text, new))
        self._is_planned = False
        self._limit(agreed, len(draft))
        return agreed

    def _limit(self, agreed: int, size: int) -> None:
        """Draft less where long drafts are worth little."""
        if not size:
            return
        if agreed >= min(_SHORTEST, size):
            self._num_failed, self._longest = 0, _LONGEST
            return
        self._num_failed += 1
        if self._num_failed > _FAILURES:
            self._longest = max(_SHORTEST, self._longest // 4)

    def _learn(self, completion: Completion, draft: Sequence[int], choices: Sequence[int], agreed: int) -> None:
        """Take the starts of entities that the model wants in the place of drafted ones.

        After the first difference that is true only given what was drafted, so a guess.
        """
        first = self._tokens.text(draft[0])
        start = len(self._text.lstrip()) if self._text else len(first.lstrip()) - len(first)
        ends = accumulate((len(self._tokens.text(token)) for token in draft), initial=start)
        places = {completion.text[: max(0, end)].rstrip(): at for at, end in enumerate(ends)}
        for mark in completion.marks:
            at = places.get(completion.text[: mark.start].rstrip(), len(draft))
            if agreed <= at < len(draft) and choices[at] != draft[at]:
                self._completer.expect_start(mark.entity, self._tokens.text(choices[at]).strip())
