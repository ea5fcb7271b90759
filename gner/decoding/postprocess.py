"""Generations to predictions."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from gner.decoding.align import OfficialAligner
from gner.formats import Format
from gner.types import Example, Generation, Prediction


class PostProcessor:
    """Reads what a model wrote and lays it on the source words.

    Args:
        format: How the texts were asked for.
        tokenizer: Tells how source words look when the model writes them.
    """

    def __init__(self, format: Format, tokenizer: PreTrainedTokenizerBase) -> None:
        self._format = format
        self._tokenizer = tokenizer
        self._align = OfficialAligner(self._back_tokenize)

    def __call__(self, example: Example, generation: Generation) -> Prediction:
        """Make a prediction of whatever text there is."""
        return self._format.read(example, [generation.text], self._align)

    def _back_tokenize(self, words: Sequence[str]) -> list[str]:
        """Tokenize and decode each word by itself (the paper's Back Tokenization)."""
        ids = self._tokenizer(list(words), add_special_tokens=False)["input_ids"]
        return self._tokenizer.batch_decode(ids, skip_special_tokens=True)
