"""What the drafts of a batch need: for formats that write every word, and for those that list strings of entities."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Protocol

from gner.alignment.robust import RobustAligner
from gner.decoding.answer_tokens import AnswerTokenizer
from gner.decoding.drafter import Drafter
from gner.decoding.entity_guesses import EntityGuesses, EntityMemory
from gner.decoding.list_completion import ListCompleter
from gner.decoding.list_drafter import ListDrafter
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.token_memory import TokenMemory
from gner.decoding.word_tokens import PieceTokenizer, has_drafts
from gner.interfaces import Batch, TextModel, kind_of
from gner.prompting import Format
from gner.records import Example, Generation


class RowDrafter(Protocol):
    """Drafts one answer."""

    written: list[int]

    def draft(self, limit: int) -> list[int]:
        """Draft the next tokens, at most ``limit``."""

    def accept(self, draft: Sequence[int], choices: Sequence[int]) -> int:
        """Take what the model chose; see `gner.decoding.drafter.Drafter.accept`."""


class WordDrafts:
    """Drafts the source words with likely tags."""

    def __init__(self) -> None:
        self._pieces: PieceTokenizer | None = None
        self._memory = TagMemory()
        self._drafters: list[Drafter] = []

    def can_draft(self, format: Format, examples: Sequence[Example]) -> bool:
        """Whether answers of a format write every word."""
        return has_drafts(format, examples[0])

    def drafters(self, model: TextModel, batch: Batch) -> list[Drafter]:
        """One for each row; what was learned of a model is kept."""
        if self._pieces is None or not self._pieces.is_for(model):
            self._pieces = PieceTokenizer(model.tokenizer, model.format, kind_of(model.network.config), num_probes=1)
        self._pieces.prepare(batch.row_examples)
        pieces = self._pieces
        self._drafters = [Drafter(pieces, example, Guesses(self._memory, example)) for example in batch.row_examples]
        return self._drafters

    def prepare(self, drafters: Sequence[Any]) -> None:
        """Nothing: words are tokenized once."""

    def learn(self, format: Format, batch: Batch, generations: Sequence[Generation]) -> None:
        """Remember the tags that were written."""
        for drafter, example in zip(self._drafters, batch.row_examples, strict=True):
            self._memory.learn(example, drafter.tags)


class ListDrafts:
    """Drafts strings of the sentence, in the frame of an answer."""

    def __init__(self) -> None:
        self._tokens: AnswerTokenizer | None = None
        self._memory = EntityMemory()
        self._token_memory = TokenMemory()

    def can_draft(self, format: Format, examples: Sequence[Example]) -> bool:
        """Whether answers of a format list strings."""
        return format.grammars(examples[0]) is not None

    def drafters(self, model: TextModel, batch: Batch) -> list[ListDrafter]:
        """One for each row; those of an example share what they expect."""
        if self._tokens is None or not self._tokens.is_for(model):
            self._tokens = AnswerTokenizer(model, batch.examples[0])
        drafters = []
        for example in batch.examples:
            guesses = EntityGuesses(self._memory, example)
            for grammar in model.format.grammars(example) or []:
                completer = ListCompleter(grammar, example, guesses)
                drafters.append(ListDrafter(self._tokens, completer, self._token_memory, " ".join(example.words)))
        return drafters

    def prepare(self, drafters: Sequence[Any]) -> None:
        """Tokenize at once what the rows of a pass will draft."""
        assert self._tokens is not None
        plans = [drafter.plan() for drafter in drafters]
        self._tokens.prepare([plan for plan in plans if plan is not None])

    def learn(self, format: Format, batch: Batch, generations: Sequence[Generation]) -> None:
        """Remember the tags that the answers to all rows of an example give, and which tokens follow which."""
        align = RobustAligner()
        for generation in generations:
            self._token_memory.learn(generation.token_ids)
        rows = zip(batch.owners, generations, strict=True)
        for owner, some in groupby(rows, key=lambda row: row[0]):
            example = batch.examples[owner]
            texts = [generation.text for _, generation in some]
            self._memory.learn(example, format.read(example, texts, align).tags)
