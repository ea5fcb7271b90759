"""Who drafts the answers of a batch: for formats that write every word, and for those that list strings of entities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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
    """Drafts the answer of one row; see `gner.decoding.drafter.Drafter`."""

    written: list[int]

    def draft(self, limit: int, least: float = 0.0) -> list[int]:
        """Draft the next tokens, as far as it is likelier than this that all are right, if that can be told."""

    def accept(self, draft: Sequence[int], choices: Sequence[int]) -> int:
        """Take what the model chose; returns how many tokens of the draft it would have written."""

    def copy(self) -> RowDrafter:
        """A drafter of the same answer so far, which may go on otherwise."""


class DraftSource(Protocol):
    """Makes the drafters of batches, and learns from what was written."""

    def can_draft(self, format: Format, examples: Sequence[Example]) -> bool:
        """Whether answers of a format to these examples can be drafted."""

    def drafters(self, model: TextModel, batch: Batch) -> Sequence[RowDrafter]:
        """One for each row of a batch."""

    def prepare(self, drafters: Sequence[RowDrafter]) -> None:
        """Get ready for what these draft next, for all at once."""

    def learn(self, format: Format, example: Example, written: Sequence[tuple[RowDrafter, Generation]]) -> None:
        """Take what was written for all rows of an example, once that is known."""


class WordDrafts:
    """For formats that write every word: the source words with likely tags.

    Attributes:
        memory: What is known of tags.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> [drafter] = WordDrafts().drafters(model, model.batch(make_examples()[:1]))
        >>> model.tokenizer.decode(drafter.draft(limit=128))
        'Ada(O) Lovelace(O) wrote(O) to(O) London(O) .(O)'
    """

    def __init__(self) -> None:
        self._pieces: PieceTokenizer | None = None
        self.memory = TagMemory()

    def can_draft(self, format: Format, examples: Sequence[Example]) -> bool:
        """Whether answers of a format write every word."""
        return has_drafts(format, examples[0])

    def drafters(self, model: TextModel, batch: Batch) -> Sequence[RowDrafter]:
        """One for each row of a batch; what was learned of a model's tokens is kept."""
        if self._pieces is None or not self._pieces.is_for(model):
            self._pieces = PieceTokenizer(model.tokenizer, model.format, kind_of(model.network.config), num_probes=1)
        pieces, examples, boundaries = self._pieces, batch.row_examples, model.format.boundaries
        pieces.prepare(examples)
        return [Drafter(pieces, example, Guesses(self.memory, example, boundaries)) for example in examples]

    def prepare(self, drafters: Sequence[RowDrafter]) -> None:
        """Nothing: pieces are tokenized before."""

    def learn(self, format: Format, example: Example, written: Sequence[tuple[RowDrafter, Generation]]) -> None:
        """Keep the tags that were followed while these were written."""
        for drafter, _ in written:
            assert isinstance(drafter, Drafter)
            self.memory.learn(example, drafter.tags, format.boundaries)


class ListDrafts:
    """For formats that list the strings of entities: those that are likely, in the frame of an answer.

    Example:
        >>> from gner.prompting import UniNerFormat
        >>> from gner.testing import make_examples, tiny_model
        >>> model, drafts = tiny_model("causal", format=UniNerFormat()), ListDrafts()
        >>> drafters = drafts.drafters(model, model.batch(make_examples()[:1]))
        >>> [model.tokenizer.decode(drafter.draft(limit=128)) for drafter in drafters]
        ['[]', '[]']
    """

    def __init__(self) -> None:
        self._tokens: AnswerTokenizer | None = None
        self._entities = EntityMemory()
        self._followers = TokenMemory()

    def can_draft(self, format: Format, examples: Sequence[Example]) -> bool:
        """Whether answers of a format list strings."""
        return format.grammars(examples[0]) is not None

    def drafters(self, model: TextModel, batch: Batch) -> Sequence[RowDrafter]:
        """One for each row of a batch; what was learned of a model's tokens is kept."""
        if self._tokens is None or not self._tokens.is_for(model):
            self._tokens = AnswerTokenizer(model, batch.examples[0])
        drafters: list[ListDrafter] = []
        for example in batch.examples:
            drafters += self._of_example(self._tokens, model.format, example)
        return drafters

    def _of_example(self, tokens: AnswerTokenizer, format: Format, example: Example) -> list[ListDrafter]:
        guesses, sentence = EntityGuesses(self._entities, example), " ".join(example.words)
        grammars = format.grammars(example) or []
        drafters = []
        for grammar in grammars:
            completer = ListCompleter(grammar, example, guesses, is_one_of_several=len(grammars) > 1)
            drafters.append(ListDrafter(tokens, completer, self._followers, sentence))
        return drafters

    def prepare(self, drafters: Sequence[RowDrafter]) -> None:
        """Tokenize what these draft next, for all at once."""
        assert self._tokens is not None
        plans = [drafter.plan() for drafter in drafters if isinstance(drafter, ListDrafter)]
        self._tokens.prepare([plan for plan in plans if plan is not None])

    def learn(self, format: Format, example: Example, written: Sequence[tuple[RowDrafter, Generation]]) -> None:
        """Keep the tags that are read in what was written, and its tokens."""
        for _, generation in written:
            self._followers.learn(generation.token_ids)
        texts = [generation.text for _, generation in written]
        self._entities.learn(example, format.read(example, texts, RobustAligner()).tags)


def find_source(sources: Sequence[DraftSource], format: Format, examples: Sequence[Example]) -> DraftSource | None:
    """The first of some sources that can draft the answers of a format to examples, or None.

    Example:
        >>> from gner.prompting import UniNerFormat
        >>> from gner.testing import make_examples
        >>> type(find_source((WordDrafts(), ListDrafts()), UniNerFormat(), make_examples())).__name__
        'ListDrafts'
    """
    return next((source for source in sources if source.can_draft(format, examples)), None)
