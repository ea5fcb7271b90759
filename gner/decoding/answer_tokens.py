"""Tokens of whole answers, as training tokenized them."""

from __future__ import annotations

from collections.abc import Sequence

from gner.alignment.token_texts import TokenTexts
from gner.decoding.word_tokens import answer_start
from gner.interfaces import Kind, TextModel, kind_of
from gner.records import Example

_MOST_KEPT = 100_000


class AnswerTokenizer:
    """Tokenizes answers where they are: after a prompt, as a segment of their own, or as a decoder's text.

    Args:
        model: Its tokenizer and format are used.
        example: Any, to see how its prompts end.

    Attributes:
        text: Gives what a token adds to a text; see `TokenTexts.of`.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model, [example, *_] = tiny_model("causal"), make_examples()
        >>> tokens = AnswerTokenizer(model, example)
        >>> [tokens.text(token) for token in tokens.of("Ada(O) wrote(O)")]
        [' Ada', '(O)', ' wrote', '(O)']
    """

    def __init__(self, model: TextModel, example: Example) -> None:
        self._tokenizer = model.tokenizer
        self._format = model.format
        self._is_seq2seq = kind_of(model.network.config) is Kind.SEQ2SEQ
        self._start = list(answer_start(model.tokenizer)) if self._is_seq2seq else []
        self._turns = model.format.turns(model.tokenizer)
        self._before = self._end_of_prompt(example)
        self._known: dict[str, list[int]] = {}
        self.text = TokenTexts(model.tokenizer).of

    def is_for(self, model: TextModel) -> bool:
        """Whether these are the tokens of a model."""
        return self._tokenizer is model.tokenizer and self._format is model.format

    def _end_of_prompt(self, example: Example) -> str | None:
        """The last words of a prompt that is tokenized together with its answer; None for others."""
        segments = self._format.query_segments(example)[0]
        if self._is_seq2seq or len(segments) != 2:
            return None
        return self._turns.last_words(segments[0].text)

    def prepare(self, texts: Sequence[str]) -> None:
        """Tokenize at once what will be asked for."""
        if len(self._known) > _MOST_KEPT:
            self._known.clear()
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, self._tokenize(missing), strict=True))

    def of(self, answer: str) -> list[int]:
        """The tokens of an answer, without the end token."""
        self.prepare([answer])
        return self._known[answer]

    def _tokenize(self, answers: Sequence[str]) -> list[list[int]]:
        if self._before is None:
            return [[*self._start, *ids] for ids in self._token_ids(answers)]
        return self._turns.tokenize_after(self._tokenizer, self._before, list(map(self._turns.answer, answers)))

    def _token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        rows: list[list[int]] = self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return rows
