"""Has a network answer the questions of searches over tags, with a KV cache.

See docs/decisions/constrained.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from itertools import islice
from math import inf

from transformers import PreTrainedModel

from gner.decoding.branch_reader import BranchReader
from gner.decoding.head import most_places
from gner.decoding.tag_forecast import Question
from gner.decoding.tag_search import TagSearch
from gner.decoding.teacher_forcing import AnswerReader
from gner.decoding.token_tree import why_no_trees
from gner.decoding.tree_node import AnswerNode
from gner.interfaces import Batch

_FARTHEST, _NEAR = 128, 48
"""Most questions of a row in a pass over one answer, and fewest of those in a pass over several."""
_SURE_PASSES = 2
_NARROW_PASSES = 8


class SearchReader(ABC):
    """Answers what searches in the rows of a batch ask, a pass at a time; each process does as many passes.

    Example:
        >>> import torch
        >>> from gner.decoding.tag_memory import Guesses, TagMemory
        >>> from gner.decoding.word_tokens import PieceTokenizer
        >>> from gner.interfaces import Kind
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[1]
        >>> reader = search_reader(model.network, model.batch([example]), num_beams=2)
        >>> pieces, guesses = PieceTokenizer(model.tokenizer, model.format, Kind.CAUSAL), Guesses(TagMemory(), example)
        >>> search = TagSearch(pieces, example, end=2, num_beams=2, guesses=guesses, root=reader.roots[0])
        >>> with torch.inference_mode():
        ...     while search.advance():
        ...         reader.read({0: search})
        >>> len(search.written().tags) == len(example.words)
        True
    """

    @property
    @abstractmethod
    def roots(self) -> list[AnswerNode]:
        """The answer of no tokens for each row, on which its search is to build."""

    @property
    @abstractmethod
    def num_passes(self) -> int:
        """Forward passes over the decoder."""

    @abstractmethod
    def read(self, searches: Mapping[int, TagSearch]) -> None:
        """Answer questions in one pass.

        Args:
            searches: Those that are not done, by row; one at least.
        """

    @abstractmethod
    def keep(self, searches: Mapping[int, TagSearch]) -> None:
        """Go on with the searches that are not done, by row."""

    @abstractmethod
    def idle(self) -> None:
        """Run the network for nothing, as other processes need its weights."""


def search_reader(network: PreTrainedModel, batch: Batch, num_beams: int) -> SearchReader:
    """The best reader for a network.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> type(search_reader(model.network, model.batch(make_examples()), num_beams=4)).__name__
        'TreeSearchReader'
    """
    if why_no_trees(network) is None:
        return TreeSearchReader(network, batch, num_beams)
    return SettledSearchReader(network, batch, num_beams)


class TreeSearchReader(SearchReader):
    """Reads the answers of a row as a tree, in which no token is read twice.

    The first passes are over one answer in each row, which is right or nearly so for most sentences. Those that follow
    are over all that the searches are expected to look at next, and short where they have several beams, as much of
    what they read is in vain.

    Args:
        network: One of which `gner.decoding.token_tree.why_no_trees` says nothing.
        batch: The rows.
        num_beams: Width of searches.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> len(TreeSearchReader(model.network, model.batch(make_examples()[:2]), num_beams=4).roots)
        2
    """

    def __init__(self, network: PreTrainedModel, batch: Batch, num_beams: int) -> None:
        self._reader = BranchReader(network, batch)
        self._num_beams = num_beams

    @property
    def roots(self) -> list[AnswerNode]:
        """See the base class."""
        return self._reader.roots

    @property
    def num_passes(self) -> int:
        """See the base class."""
        return self._reader.num_passes

    def read(self, searches: Mapping[int, TagSearch]) -> None:
        """Answer questions in one pass; see the base class."""
        is_sure = self.num_passes < _SURE_PASSES
        farthest = _FARTHEST if is_sure else max(_NEAR, _FARTHEST // self._num_beams)
        chains = _chains(searches, min(farthest, self._reader.room()), 1 if is_sure else inf)
        asked: list[tuple[int, AnswerNode, Collection[int]]] = []
        for row, chain in chains:
            asked += [(row, node, tokens) for _, _, node, tokens in chain]
        values = iter(self._reader.log_probs(asked))
        for row, chain in chains:
            searches[row].learn(chain, list(islice(values, len(chain))))

    def keep(self, searches: Mapping[int, TagSearch]) -> None:
        """Go on with some rows; see the base class."""
        self._reader.keep({row: search.open_answers() for row, search in searches.items()}, self._num_beams)

    def idle(self) -> None:
        """Run the network for nothing; see the base class."""
        self._reader.idle()


class SettledSearchReader(SearchReader):
    """Reads each answer as a row, and again what not all answers of its prompt begin with.

    The first passes are over one answer in each row; those that follow are over as many as there are beams.

    Args:
        network: Any.
        batch: The rows.
        num_beams: Width of searches.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> len(SettledSearchReader(model.network, model.batch(make_examples()[:2]), num_beams=4).roots)
        2
    """

    def __init__(self, network: PreTrainedModel, batch: Batch, num_beams: int) -> None:
        self._reader = AnswerReader(network, batch)
        self._num_beams = num_beams
        self._most_places = most_places(network)
        self._roots = [AnswerNode() for _ in range(batch.num_rows)]

    @property
    def roots(self) -> list[AnswerNode]:
        """See the base class."""
        return self._roots

    @property
    def num_passes(self) -> int:
        """See the base class."""
        return self._reader.num_passes

    def read(self, searches: Mapping[int, TagSearch]) -> None:
        """Answer questions in one pass; see the base class."""
        most = 1 if self.num_passes < _NARROW_PASSES else self._num_beams
        room = max(1, min(_FARTHEST, self._most_places // (most * len(searches))))
        chains = _chains(searches, room, most)
        answers = [[*chain[-1].node.tokens(), next(iter(chain[-1].tokens))] for _, chain in chains]
        asked = [[question.tokens for question in chain] for _, chain in chains]
        log_probs = self._reader.log_probs([row for row, _ in chains], answers, asked)
        for (row, chain), values in zip(chains, log_probs, strict=True):
            searches[row].learn(chain, values)

    def keep(self, searches: Mapping[int, TagSearch]) -> None:
        """Go on with some rows; see the base class."""
        self._reader.settle({row: search.settled() for row, search in searches.items()})

    def idle(self) -> None:
        """Run the network for nothing; see the base class."""
        self._reader.idle()


def _chains(searches: Mapping[int, TagSearch], room: int, most: float) -> list[tuple[int, list[Question]]]:
    """What each search asks, with its row."""
    chains: list[tuple[int, list[Question]]] = []
    for row, search in searches.items():
        chains += [(row, chain) for chain in search.wanted(room, most)]
    return chains
