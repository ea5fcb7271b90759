"""What single tokens add to a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BEFORE = "a"
"""A text that tokens are decoded after, as tokenizers drop the space that a text starts with."""


class TokenTexts:
    """Decodes tokens, alone and together; what a token adds is remembered.

    Args:
        tokenizer: Of the tokens.

    Example:
        >>> from gner.testing import tiny_model
        >>> tokenizer = tiny_model("causal").tokenizer
        >>> texts = TokenTexts(tokenizer)
        >>> [texts.of(token) for token in tokenizer("Ada(O) wrote", add_special_tokens=False)["input_ids"]]
        [' Ada', '(O)', ' wrote']
        >>> texts.of(tokenizer.eos_token_id)
        ''
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._before: list[int] = list(tokenizer(_BEFORE, add_special_tokens=False)["input_ids"])
        self._start = len(self.decode(self._before))
        self._known: dict[int, str] = {}

    def of(self, token: int) -> str:
        """What a token adds to a text; nothing for a special token."""
        if token not in self._known:
            self._known[token] = self.decode([*self._before, token])[self._start :]
        return self._known[token]

    def decode(self, token_ids: Sequence[int]) -> str:
        """The text of several tokens, without special ones; spaces before punctuation stay.

        Example:
            >>> from gner.testing import tiny_model
            >>> tokenizer = tiny_model("causal").tokenizer
            >>> TokenTexts(tokenizer).decode(tokenizer("Ada(O) ,(O)", add_special_tokens=False)["input_ids"])
            'Ada(O) ,(O)'
        """
        ids = list(token_ids)
        return str(self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))
