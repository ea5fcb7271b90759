"""Back-tokenization: single words tokenized and decoded again (section 4 of arXiv 2402.16602)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from gner.errors import UserError, first_line

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BackTokenize = Callable[[Sequence[str]], list[str]]
"""Maps words to their tokenized and decoded forms."""
_MOST_REMEMBERED = 500_000


class BackTokenizer:
    """Tokenizes each word by itself and decodes it again, once per distinct word.

    Words with characters that the vocabulary lacks become what a model can write: ``antropología`` becomes
    ``antropologa``.

    Args:
        tokenizer: The tokenizer of the model that wrote the texts; also an attribute.

    Example:
        >>> from tokenizers import Tokenizer, decoders, models, pre_tokenizers
        >>> from transformers import PreTrainedTokenizerFast
        >>> vocabulary = {"<unk>": 0, "Citro": 1, "n": 2}
        >>> pieces = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
        >>> pieces.pre_tokenizer, pieces.decoder = pre_tokenizers.Split("ë", "isolated"), decoders.Fuse()
        >>> BackTokenizer(PreTrainedTokenizerFast(tokenizer_object=pieces, unk_token="<unk>"))(["Citroën"])
        ['Citron']
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self._known: dict[str, str] = {}

    @classmethod
    def load(cls, tokenizer: str) -> BackTokenizer:
        """Load a tokenizer by its name on the Hugging Face hub, or from a local folder.

        Raises:
            UserError: There is no such tokenizer.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> from gner.testing import tiny_model
            >>> with TemporaryDirectory() as folder:
            ...     _ = tiny_model("causal").tokenizer.save_pretrained(folder)
            ...     back_tokenize = BackTokenizer.load(folder)
            >>> back_tokenize(["Zürich", "東京"])  # a byte-level vocabulary lacks nothing
            ['Zürich', '東京']
        """
        from transformers import AutoTokenizer  # noqa: PLC0415 - it loads torch, which scoring does not need

        try:
            return cls(AutoTokenizer.from_pretrained(tokenizer, trust_remote_code=False))
        except (OSError, ValueError) as error:
            raise UserError(f"Expected a tokenizer's name or folder, got {tokenizer}: {first_line(error)}") from error

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Give the tokenized and decoded form of each word."""
        try:
            return list(map(self._known.__getitem__, words))
        except KeyError:
            self.learn(words)
            return list(map(self._known.__getitem__, words))

    def learn(self, words: Iterable[str]) -> None:
        """Tokenize, in one call, words that will be needed later."""
        words = dict.fromkeys(words)
        if len(self._known) > _MOST_REMEMBERED:
            self._known = {word: self._known[word] for word in words if word in self._known}
        new = [word for word in words if word not in self._known]
        if new:
            decoded = self.tokenizer.batch_decode(self.tokenizer(new)["input_ids"], skip_special_tokens=True)
            self._known.update(zip(new, decoded, strict=True))
