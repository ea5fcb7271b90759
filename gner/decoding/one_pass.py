"""One-pass tagging: every tag of every word is scored in one forward pass, and nothing is written.

For what was tried see docs/decisions/one_pass.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isqrt
from typing import NamedTuple

from gner.bio import OUTSIDE
from gner.decoding.base import DecodingStrategy
from gner.decoding.forced_words import ForcedWords, forced_generation, room_for_answers
from gner.decoding.forward_pass import Lockstep
from gner.decoding.tag_chain import TagChain
from gner.decoding.token_masks import MOST_PAIRS
from gner.decoding.token_tree import ROOT, TokenTree, read_trees, why_no_trees
from gner.decoding.word_tokens import PieceTokenizer
from gner.errors import UserError
from gner.interfaces import Batch, TextModel
from gner.records import Example, Generation


class OnePass(DecodingStrategy):
    """Tags with a model that writes, in one forward pass over the sentence and all of its possible tags.

    Words are forced, as by `Constrained`; each tag is scored at its place, after each tag that the word before may
    have, and the most probable tags are found (Viterbi). All words before these two are taken to have the tag O, so
    that tags far back have no influence, and what is found is **not** what ``generate`` writes: less is computed with
    fewer passes, and with some loss of F1 that should be measured on the validation split. Where there are many types,
    the tree of tokens is large, and `Speculative` can be faster on a CPU.

    A batch takes one pass, or several where memory bounds them: for long sentences, many types or many rows.

    Attributes:
        num_passes: Forward passes over the decoder since the strategy was made.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> model, strategy = tiny_model("causal"), OnePass()
        >>> with torch.inference_mode():
        ...     generations = strategy.generate(model, model.batch(make_examples()))
        >>> strategy.num_passes, [len(one.text.split()) == len(example.words)
        ...     for one, example in zip(generations, make_examples())]
        (1, [True, True, True, True, True])
    """

    def __init__(self) -> None:
        self._words = ForcedWords("OnePass")
        self.num_passes = 0

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per row; log-probabilities of tokens are not known. See the base class.

        Raises:
            UserError: The network cannot read trees, or the format leaves words out.
        """
        reason = why_no_trees(model.network)
        if reason is not None:
            raise UserError(
                f"OnePass needs a network that reads many answers at once, and cannot use a "
                f"`{model.network.config.model_type}`: {reason}. Set model.decoding to Constrained or Speculative."
            )
        pieces = self._words.pieces(model, batch)
        whole = batch.row_examples
        chains = [
            TagChain(pieces, _cut(pieces, *pair)) for pair in zip(whole, room_for_answers(model, batch), strict=True)
        ]
        passes = _passes(chains, batch)
        lockstep = Lockstep(model.network)
        while lockstep.goes_on(bool(passes)):
            self._read(model, batch, chains, passes.pop(0) if passes else [])
        return [_generation(pieces, model, *each) for each in zip(whole, chains, strict=True)]

    def _read(self, model: TextModel, batch: Batch, chains: list[TagChain], parts: list[_Part]) -> None:
        """Have the network read parts of sentences; or anything, as other processes need its weights."""
        self.num_passes += 1
        if not parts:
            read_trees(model.network, batch, [0], [_idle_tree()])
            return
        trees = [chains[part.row].tree(part.start, part.end) for part in parts]
        rows = [part.row for part in parts]
        values = read_trees(model.network, batch, rows, [tree.tokens for tree in trees])
        for row, tree, of_tree in zip(rows, trees, values, strict=True):
            chains[row].learn(tree, of_tree)


class _Part(NamedTuple):
    """The words of a row that a pass scores."""

    row: int
    start: int
    end: int


def _cut(pieces: PieceTokenizer, example: Example, limit: float) -> Example:
    """The example without the words for which there is no room."""
    num_tokens = 0
    for word in range(len(example.words)):
        choices = pieces.choices(example, word, OUTSIDE)
        num_tokens += len(choices.stem) + choices.tags.depth
        if num_tokens + 1 > limit:
            return replace(example, words=example.words[:word], tags=example.tags[:word])
    return example


def _passes(chains: Sequence[TagChain], batch: Batch) -> list[list[_Part]]:
    """What each pass reads: as many parts of sentences as memory allows, the longest first."""
    num_before = batch.prompt_ids.shape[1]
    parts: list[tuple[int, _Part]] = []
    for row, chain in enumerate(chains):
        start = 0
        while start < len(chain.example.words):
            end, num_tokens = chain.reach(start, isqrt(MOST_PAIRS) - num_before)
            parts.append((num_before + num_tokens, _Part(row, start, end)))
            start = end
    parts.sort(reverse=True)
    passes: list[list[_Part]] = []
    while parts:
        num_rows = max(1, MOST_PAIRS // parts[0][0] ** 2)
        passes.append([part for _, part in parts[:num_rows]])
        parts = parts[num_rows:]
    return passes


def _idle_tree() -> TokenTree:
    """A tree that asks for something."""
    tree = TokenTree()
    tree.ask(tree.add(ROOT, [0]), [0])
    return tree


def _generation(pieces: PieceTokenizer, model: TextModel, example: Example, chain: TagChain) -> Generation:
    """The best tags as an answer."""
    marks, probabilities = chain.best()
    tokens: list[int] = []
    for word, (before, mark) in enumerate(zip((OUTSIDE, *marks), marks, strict=False)):
        choices = pieces.choices(chain.example, word, before)
        tokens += [*choices.stem, *(token for _, token in choices.tags.path(mark))]
    if len(marks) == len(example.words):
        tokens.append(model.tokenizer.eos_token_id)
    return forced_generation(model, example, marks, probabilities, tokens=tokens, log_probs=[])
