"""What may follow beginnings of answers that branch, with a KV cache of all branches.

See docs/decisions/constrained.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from transformers import PreTrainedModel

from gner.decoding.head import log_probs_of
from gner.decoding.tree_node import AnswerNode
from gner.decoding.tree_reading import tree_decoder_for
from gner.decoding.verifier import idle_padded
from gner.interfaces import Batch


class BranchReader:
    """Reads beginnings of answers to the prompts of a batch, and of each only the tokens that were not read before.

    All answers to a prompt are a tree, whose keys and values are in one row of a cache. What is dropped from it is read
    again when an answer needs it.

    Args:
        network: One of which `gner.decoding.token_tree.why_no_trees` says nothing.
        batch: B prompts.

    Attributes:
        roots: The beginning of no tokens for each prompt.
        num_passes: Forward passes over answers.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> reader = BranchReader(model.network, model.batch(make_examples()[:1]))
        >>> [root] = reader.roots
        >>> with torch.inference_mode():
        ...     _ = reader.log_probs([(0, root, [5]), (0, root.after([5, 6]), [7])])
        ...     one, other = reader.log_probs([(0, root.after([5, 6, 7]), [8, 9]), (0, root.after([5, 9]), [6])])
        >>> len(one), len(other), reader.num_passes
        (2, 1, 2)
    """

    def __init__(self, network: PreTrainedModel, batch: Batch) -> None:
        self._network = network
        self._decoder = tree_decoder_for(network, batch)
        self.roots = [AnswerNode() for _ in range(batch.num_rows)]
        self._active = list(range(batch.num_rows))
        self._longest = [0] * batch.num_rows  # tokens of beginnings that were read
        self.num_passes = 0

    def room(self) -> int:
        """How many new tokens the next pass may read in each row."""
        return self._decoder.room()

    def log_probs(self, asked: Sequence[tuple[int, AnswerNode, Collection[int]]]) -> list[list[float]]:
        """How probable tokens are after some beginnings.

        Args:
            asked: A place in the batch, a beginning of an answer, and tokens that are asked for after it. In the first
                pass all beginnings for a prompt are those of one answer.
        """
        unread: dict[int, dict[AnswerNode, None]] = {row: {} for row in self._active}
        if not self._decoder.has_read:
            unread = {row: {self.roots[row]: None} for row in self._active}
        for row, node, _ in asked:
            self._longest[row] = max(self._longest[row], node.depth)
            _add(node, unread[row])
        nodes = [list(of_row) for of_row in unread.values()]
        self.num_passes += 1
        states = self._decoder.states(nodes)
        order = {node: at for at, node in enumerate(chain.from_iterable(nodes))}
        wanted = states[[order[node] for _, node, _ in asked]]
        return log_probs_of(self._network, wanted, [tokens for _, _, tokens in asked])

    def keep(self, beginnings: Mapping[int, Iterable[AnswerNode]], num_answers: int) -> None:
        """Go on with some rows, and forget what is not needed, now and then.

        Args:
            beginnings: For each row that will be asked for again, in order, those of which later answers will be; the
                likeliest first.
            num_answers: At most as many tokens are kept in a row as so many whole answers have, those of its first
                beginnings before others, so that memory does not grow with the number of branches.
        """
        if not beginnings:
            return
        place = {row: at for at, row in enumerate(self._active)}
        needed = [islice(_needed(nodes), num_answers * self._longest[row]) for row, nodes in beginnings.items()]
        self._decoder.keep([place[row] for row in beginnings], needed)
        self._active = list(beginnings)

    def idle(self) -> None:
        """Run the network for nothing, as other processes need its weights."""
        self.num_passes += 1
        if self._decoder.has_read:
            idle_padded(self._network)
        else:  # prompts are read, and the head is applied, as in the first pass of others
            states = self._decoder.states([[self.roots[row]] for row in self._active])
            log_probs_of(self._network, states[:1], [[0]])


def _add(node: AnswerNode, unread: dict[AnswerNode, None]) -> None:
    """Note that the state after a node is wanted, with what must be read for it."""
    path = []
    before: AnswerNode | None = node
    while before is not None and before.column is None and before not in unread:
        path.append(before)
        before = before.parent
    unread |= dict.fromkeys(reversed(path))
    unread[node] = None  # if it is in the cache, its state is gone


def _needed(beginnings: Iterable[AnswerNode]) -> Iterator[AnswerNode]:
    """What beginnings begin with, then what was read ahead after them; each after its parent."""
    seen: set[AnswerNode] = set()
    ahead: list[AnswerNode] = []
    for node in beginnings:
        path: list[AnswerNode] = []
        before: AnswerNode | None = node
        while before is not None and before not in seen:
            path.append(before)
            before = before.parent
        seen.update(path)
        yield from reversed(path)
        ahead += node.children.values()
    while ahead:
        node = ahead.pop()
        if node.column is not None:
            yield node
            ahead += node.children.values()
