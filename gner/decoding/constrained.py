"""Constrained decoding: a beam search over tags, with the words forced, or over the answers that a grammar writes.

The searches are in `gner.decoding.tag_search` and `gner.decoding.listed_search`; for what was tried see
docs/decisions/constrained.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from gner.decoding.base import DecodingStrategy
from gner.decoding.forced_words import ForcedWords, forced_generation, room_for_answers
from gner.decoding.forward_pass import Lockstep
from gner.decoding.head import vocab_size
from gner.decoding.listed_search import search_answers
from gner.decoding.search_reader import SearchReader, search_reader
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.tag_search import TagSearch
from gner.decoding.tree_node import AnswerNode
from gner.decoding.vocabulary_trie import VocabularyTrie, spell_tokens
from gner.decoding.word_tokens import has_drafts
from gner.errors import UserError
from gner.interfaces import Batch, TextModel
from gner.records import Example, Generation


class Constrained(DecodingStrategy):
    """Allows right answers only: nothing is left out, added, altered or written without end.

    **Of a format that writes every word** the words are forced and their tags are chosen. Each word gets a tag of the
    example's types that may follow the one before, so tags are valid BIO and need no alignment. One beam gives each
    word its most probable tag; several search for the most probable tagged sentence, and a step of the search is a
    word. One forward pass answers what the search is expected to ask in many words, so that most sentences take two or
    three passes; keys and values are kept of all branches of the search.

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
        reader = search_reader(model.network, batch, self.num_beams)
        searches = self._searches(model, batch, reader.roots)
        self._search(searches, reader, Lockstep(model.network))
        return [self._generation(*pair, model) for pair in zip(searches, batch.row_examples, strict=True)]

    def _searches(self, model: TextModel, batch: Batch, roots: Sequence[AnswerNode]) -> list[TagSearch]:
        """The searches of all rows, each to build its answers on a root."""
        pieces, limits = self._words.pieces(model, batch), room_for_answers(model, batch)
        searches = []
        for example, limit, root in zip(batch.row_examples, limits, roots, strict=True):
            guesses = Guesses(self.tag_memory, example, model.format.boundaries)
            end, width = model.tokenizer.eos_token_id, self.num_beams
            search = TagSearch(pieces, example, end=end, num_beams=width, guesses=guesses, limit=limit, root=root)
            searches.append(search)
        return searches

    def _prepare_vocabulary(self, model: TextModel) -> VocabularyTrie:
        if self._vocabulary is None or self._vocabulary[0] is not model.tokenizer:
            num_tokens = vocab_size(model.network)
            spelled = spell_tokens(model.tokenizer)
            known = {token: text for token, text in spelled.items() if token < num_tokens}
            self._vocabulary = model.tokenizer, VocabularyTrie(known)
        return self._vocabulary[1]

    def _search(self, searches: list[TagSearch], reader: SearchReader, lockstep: Lockstep) -> None:
        """Have all searches ask until they are done; each pass is over the questions of all that are not."""
        busy = {row: search for row, search in enumerate(searches) if search.advance()}
        while lockstep.goes_on(bool(busy)):
            if busy:
                reader.read(busy)
            else:
                reader.idle()
            busy = {row: search for row, search in busy.items() if search.advance()}
            reader.keep(busy)
        self.num_passes += reader.num_passes

    def _generation(self, search: TagSearch, example: Example, model: TextModel) -> Generation:
        tokens, log_probs, marks, probabilities = search.written()
        if len(marks) == len(example.words):
            self.tag_memory.learn(example, marks, model.format.boundaries)
        return forced_generation(model, example, marks, probabilities, tokens=tokens, log_probs=log_probs)
