"""Constrained decoding: a beam search over tags, with the words forced, or over the answers that a grammar writes.

The searches are in `gner.decoding.tag_search` and `gner.decoding.listed_search`; for what was tried see
docs/decisions/constrained.md.
"""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from gner.decoding.base import DecodingStrategy
from gner.decoding.forced_words import ForcedWords, forced_generation, room_for_answers
from gner.decoding.forward_pass import Lockstep
from gner.decoding.head import most_places, vocab_size
from gner.decoding.listed_search import search_answers
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.tag_search import Draft, TagSearch
from gner.decoding.teacher_forcing import AnswerReader
from gner.decoding.vocabulary_trie import VocabularyTrie, spell_tokens
from gner.decoding.word_tokens import PieceTokenizer, has_drafts
from gner.errors import UserError
from gner.interfaces import Batch, TextModel
from gner.records import Example, Generation

_NARROW_PASSES = 8
_LONGEST_DRAFT = 128


class Constrained(DecodingStrategy):
    """Allows right answers only: nothing is left out, added, altered or written without end.

    **Of a format that writes every word** the words are forced and their tags are chosen. Each word gets a tag of the
    example's types that may follow the one before, so tags are valid BIO and need no alignment. One beam gives each
    word its most probable tag; several search for the most probable tagged sentence, and a step of the search is a
    word. Whole answers are drafted with the likely tags, and one forward pass gives the probabilities of all their
    tags, so that most sentences take two or three passes.

    **Of a format that lists strings of entities** the frame of the answer is forced; strings are spans of whole words
    of the sentence, types are those that it offers, and no word is in two strings. Logits of all other tokens are
    masked in ``generate``, with beams over tokens; scores are the network's own probabilities.

    Other formats are refused. Works with any network.

    Args:
        num_beams: Width of the search.

    Attributes:
        num_passes: Forward passes over the decoder since the strategy was made.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[0]
        >>> with torch.inference_mode():
        ...     [generation] = Constrained().generate(model, model.batch([example]))
        >>> [pair.partition("(")[0] for pair in generation.text.split()] == list(example.words)  # whatever the weights
        True
        >>> Constrained(num_beams=0)
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected `num_beams` >= 1, got 0. Set model.decoding.init_args.num_beams.
    """

    def __init__(self, num_beams: int = 1) -> None:
        if num_beams < 1:
            raise UserError(f"Expected `num_beams` >= 1, got {num_beams}. Set model.decoding.init_args.num_beams.")
        self.num_beams = num_beams
        self._words = ForcedWords(
            "Constrained", otherwise=", or one with grammars, which lists the strings of entities"
        )
        self.tag_memory: TagMemory = TagMemory()
        self._vocabulary: tuple[PreTrainedTokenizerBase, VocabularyTrie] | None = None
        self.num_passes = 0

    @property
    def num_sequences(self) -> int:
        """The beams."""
        return self.num_beams

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per row; see the base class.

        Raises:
            UserError: The format neither writes every word nor has grammars, or the tokenizer cannot write its answers.
        """
        first = batch.examples[0]
        if not has_drafts(model.format, first) and model.format.grammars(first) is not None:
            vocabulary = self._prepare_vocabulary(model)
            generations, num_passes = search_answers(model, batch, vocabulary, self.num_beams)
            self.num_passes += num_passes
            return generations
        pieces = self._words.pieces(model, batch)
        examples = batch.row_examples
        limits = room_for_answers(model, batch)
        searches = [self._start(pieces, model, *pair) for pair in zip(examples, limits, strict=True)]
        self._search(searches, AnswerReader(model.network, batch), Lockstep(model.network), model)
        return [self._generation(*pair, model) for pair in zip(searches, examples, strict=True)]

    def _start(self, pieces: PieceTokenizer, model: TextModel, example: Example, limit: float) -> TagSearch:
        guesses = Guesses(self.tag_memory, example, model.format.boundaries)
        end = model.tokenizer.eos_token_id
        return TagSearch(pieces, example, end=end, num_beams=self.num_beams, guesses=guesses, limit=limit)

    def _prepare_vocabulary(self, model: TextModel) -> VocabularyTrie:
        if self._vocabulary is None or self._vocabulary[0] is not model.tokenizer:
            num_tokens = vocab_size(model.network)
            spelled = spell_tokens(model.tokenizer)
            known = {token: text for token, text in spelled.items() if token < num_tokens}
            self._vocabulary = model.tokenizer, VocabularyTrie(known)
        return self._vocabulary[1]

    def _search(self, searches: list[TagSearch], reader: AnswerReader, lockstep: Lockstep, model: TextModel) -> None:
        """Read drafts until all searches are done; each pass is over the drafts of all that are not."""
        busy = [row for row, search in enumerate(searches) if search.advance()]
        while lockstep.goes_on(bool(busy)):
            # at first one draft a row, as it is right for most sentences; then as many as there are beams
            most = 1 if reader.num_passes < _NARROW_PASSES else self.num_beams
            room = min(_LONGEST_DRAFT, most_places(model.network) // (most * max(1, len(busy))))
            drafts: list[tuple[int, Draft]] = []
            for row in busy:
                drafts += [(row, draft) for draft in searches[row].drafts(most, room)]
            if drafts:
                _read(searches, reader, drafts)
            else:
                reader.idle()
            busy = [row for row in busy if searches[row].advance()]
            reader.settle({row: searches[row].settled() for row in busy})
        self.num_passes += reader.num_passes

    def _generation(self, search: TagSearch, example: Example, model: TextModel) -> Generation:
        tokens, log_probs, marks, probabilities = search.written()
        if len(marks) == len(example.words):
            self.tag_memory.learn(example, marks, model.format.boundaries)
        return forced_generation(model, example, marks, probabilities, tokens=tokens, log_probs=log_probs)


def _read(searches: list[TagSearch], reader: AnswerReader, drafts: list[tuple[int, Draft]]) -> None:
    """Have the network read drafts, and the searches learn from it."""
    rows = [row for row, _ in drafts]
    answers = [draft.answer for _, draft in drafts]
    asked = [draft.asked() for _, draft in drafts]
    log_probs = reader.log_probs(rows, answers, asked)
    for (row, draft), values in zip(drafts, log_probs, strict=True):
        searches[row].learn(draft, values)
