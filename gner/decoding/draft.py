"""Guesses of what a model will write: the source words, and for each the tag that the model seems to want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from transformers import PreTrainedTokenizerBase

from gner.bio import tags_of
from gner.formats import Format
from gner.types import Example

_MOST_KEPT = 200_000
_WORDS_AHEAD = 8
_SHORTEST = 4


class PieceTokenizer:
    """Tokens of the pieces that answers consist of: a word with its tag, as a format writes them.

    Args:
        tokenizer: The model's.
        format: What writes the pieces.
        is_encoder_decoder: True if an answer starts a text of its own; otherwise it follows the prompt.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, format: Format, is_encoder_decoder: bool) -> None:
        self.tokenizer = tokenizer
        self._format = format
        self._is_encoder_decoder = is_encoder_decoder
        self._before: list[int] = tokenizer("a", add_special_tokens=False)["input_ids"]
        self._known: dict[str, list[int]] = {}

    def texts(self, example: Example, word: str, tags: Sequence[str]) -> list[str]:
        """A word with each of some tags; empty where the format would leave the word out."""
        alone = replace(example, words=(word,), tags=("O",))
        return [self._format.draft(alone, [tag]) or "" for tag in tags]

    def tokens(self, texts: Sequence[str], *, first: bool = False) -> list[list[int]]:
        """Token ids of each piece, behind another piece or as the first of an answer."""
        if first and self._is_encoder_decoder:
            return list(self.tokenizer(list(texts), add_special_tokens=False)["input_ids"])
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            if len(self._known) + len(missing) > _MOST_KEPT:
                self._known.clear()
                missing = list(dict.fromkeys(texts))
            rows = self.tokenizer([f"a {text}" for text in missing], add_special_tokens=False)["input_ids"]
            size = len(self._before)
            for text, row in zip(missing, rows, strict=True):
                self._known[text] = row[size:] if text and row[:size] == self._before else []
        return [self._known[text] for text in texts]


class Drafter:
    """Drafts the rest of one answer, and learns from what the model makes of it.

    A draft only saves time: whatever it holds, the model's own choices are what is written. Where these leave the
    draft, the place is looked for among the words that follow; until it is found, nothing is drafted.

    Args:
        pieces: Tokens of words with tags.
        example: Whose answer it is.

    Attributes:
        written: Token ids that the model has chosen.
    """

    def __init__(self, pieces: PieceTokenizer, example: Example) -> None:
        self._pieces = pieces
        self._example = example
        self._all_tags = tags_of(example.types)
        self._tags = ["O"] * len(example.words)
        self._known: dict[tuple[int, str], list[int]] = {}
        self._word = 0
        self._start = 0  # of the word's piece in what is written
        self._is_lost = False
        self._longest = inf
        self._spans: list[tuple[int, int, int]] = []  # word, and where its piece is in the draft
        self.written: list[int] = []

    def draft(self, limit: int) -> list[int]:
        """Guess at most so many tokens that follow."""
        self._spans = []
        if self._is_lost:
            return []
        limit = int(min(limit, self._longest))
        draft: list[int] = []
        partial = len(self.written) - self._start
        for word in range(self._word, len(self._tags)):
            piece = self._piece(word)[partial:]
            self._spans.append((word, len(draft), len(draft) + len(piece)))
            draft += piece
            partial = 0
            if len(draft) >= limit:
                return draft[:limit]
        return draft  # the model's next choice is the end token, if it ends here

    def accept(self, draft: Sequence[int], choices: Sequence[int]) -> int:
        """Take what the model chose at each place of a draft, and behind it.

        Args:
            draft: What `draft` gave, D tokens.
            choices: What the model wants in the place of each of them, and next; D + 1 tokens.

        Returns:
            How many tokens of the draft the model would have written; one more is written now.
        """
        agreed = next((at for at, token in enumerate(draft) if token != choices[at]), len(draft))
        partial = self.written[self._start :]
        for word, begin, end in self._spans:
            self._learn(word, partial, draft[begin:end], choices[begin:end])
            partial = []
        for word, begin, end in self._spans:
            if end <= agreed:
                self._word, self._start = word + 1, len(self.written) + end
            elif begin <= agreed and begin > 0:
                self._word, self._start = word, len(self.written) + begin
        self.written += [*draft[:agreed], choices[agreed]]
        was_lost = self._is_lost
        self._locate()
        if draft or was_lost:
            self._longest = max(_SHORTEST, agreed) if self._is_lost else max(self._longest, _SHORTEST) * 4
        return agreed

    def _piece(self, word: int) -> list[int]:
        tag = self._tags[word]
        if (word, tag) not in self._known:
            [text] = self._pieces.texts(self._example, self._example.words[word], [tag])
            [self._known[word, tag]] = self._pieces.tokens([text], first=word == 0)
        return self._known[word, tag]

    def _variants(self, word: int) -> list[list[int]]:
        texts = self._pieces.texts(self._example, self._example.words[word], self._all_tags)
        return self._pieces.tokens(texts, first=word == 0)

    def _learn(self, word: int, before: Sequence[int], draft: Sequence[int], choices: Sequence[int]) -> None:
        """Take the tag that the model wants in the place of a word's."""
        at = next((at for at, token in enumerate(draft[: len(choices)]) if token != choices[at]), None)
        if at is not None:
            self._choose_tag(word, [*before, *draft[:at], choices[at]])

    def _choose_tag(self, word: int, beginning: Sequence[int]) -> bool:
        """Guess a tag whose piece begins like this; False if there is none."""
        size = len(beginning)
        fitting = [
            tag for tag, tokens in zip(self._all_tags, self._variants(word), strict=True) if tokens[:size] == beginning
        ]
        if not fitting:
            return False
        inside = f"I-{self._tags[word - 1][2:]}" if word else ""
        self._tags[word] = inside if inside in fitting else fitting[0]
        return True

    def _locate(self) -> None:
        """Find the word that the end of what is written belongs to."""
        if self._is_lost:
            self._start = len(self.written) - 1
        beginning = self.written[self._start :]
        if not beginning:
            return
        if self._word >= len(self._tags):
            self._is_lost = True
            return
        ahead = range(self._word + 1, min(self._word + _WORDS_AHEAD, len(self._tags)))
        if self._fits(self._word, beginning):
            found: int | None = self._word
        else:
            found = next((word for word in ahead if self._piece(word)[: len(beginning)] == beginning), None)
        self._is_lost = found is None
        if found is not None:
            self._word = found
            if len(self._piece(found)) == len(beginning):
                self._word, self._start = found + 1, len(self.written)

    def _fits(self, word: int, beginning: Sequence[int]) -> bool:
        return self._piece(word)[: len(beginning)] == beginning or self._choose_tag(word, beginning)
