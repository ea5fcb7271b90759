"""The steps of beam search on scores that are known already, as Hugging Face's ``generate`` takes them.

See docs/decisions/beam_search.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from operator import itemgetter
from typing import NamedTuple

from gner.decoding.limits import LOOKS_EVERY, end_of_loop
from gner.decoding.tree_node import TreeNode

Continuations = Sequence[tuple[int, float]]
"""Tokens that may come next, the likeliest first, with their log-probabilities."""


_FAR, _NEAR = 2.0, 0.1
"""A beam is left out for now whose log-probability is below twice that of the best one, and 0.1 lower."""


class Node(TreeNode):
    """A beginning of an answer, with what is known of its continuations.

    Attributes:
        log_prob: The log-probability of the last token.
        children: Longer beginnings, by the next token.
        next: What may come next, once the network has read this; None before.

    Example:
        >>> root = Node()
        >>> node = root.child(5, -0.1).child(6, -0.2)
        >>> node.tokens(), node.log_probs(), root.child(5, -0.1) is node.parent
        ([5, 6], [-0.1, -0.2], True)
    """

    __slots__ = ("children", "log_prob", "next")

    parent: Node | None

    def __init__(self, token: int = -1, log_prob: float = 0.0, parent: Node | None = None) -> None:
        super().__init__(token, parent)
        self.log_prob = log_prob
        self.children: dict[int, Node] = {}
        self.next: Continuations | None = None

    def forget(self) -> None:
        """Note that this must be read again."""
        super().forget()
        self.next = None

    def child(self, token: int, log_prob: float) -> Node:
        """The beginning with one token more."""
        node = self.children.get(token)
        if node is None:
            node = self.children[token] = Node(token, log_prob, self)
        node.log_prob = log_prob
        return node

    def path(self) -> Iterator[Node]:
        """This one and what it begins with, the longest first, without the root."""
        node = self
        while node.parent is not None:
            yield node
            node = node.parent

    def tokens(self) -> list[int]:
        """All tokens."""
        return [node.token for node in self.path()][::-1]

    def log_probs(self) -> list[float]:
        """Log-probabilities of all tokens."""
        return [node.log_prob for node in self.path()][::-1]


class Beam(NamedTuple):
    """A beginning, or a whole answer, with what it is ranked by."""

    score: float
    node: Node


class Rules(NamedTuple):
    """What beam search is asked for in one row.

    Attributes:
        num_beams: Width.
        length_penalty: Exponent of the length that a log-probability is divided by.
        end: The end token.
        limit: Most tokens.
        stops_loops: Whether an answer ends where it loops.
        only_best: Whether nothing but the best answer is asked for.
    """

    num_beams: int
    length_penalty: float
    end: int
    limit: int
    stops_loops: bool = False
    only_best: bool = False


class BeamReplay:
    """A beam search in one row, as far as it is known.

    What ``generate`` does with ``early_stopping=False``: of all continuations of the running beams the best 2 k are
    looked at, those that end are answers if they are among the best k, and of the others the best k run on. A row is
    done when it has k answers and no running beam would be better than the worst of them if it ended here.

    Where only the best answer is asked for, beams that are far behind are left out: what they can become never ranks
    before a beam that is ahead of them, and none of their answers is better than their own log-probability divided by
    the largest length. They are taken up again once an answer could come of them that is the best.

    Args:
        rules: What is asked for.
        root: Where the search begins.

    Attributes:
        running: At most k beams, the best first.
        finished: At most k answers, the best first; scores are divided by lengths.
        num_written: Tokens of each running beam.
        is_done: Whether the answers that are asked for will not change.

    Example:
        >>> replay = BeamReplay(Rules(num_beams=2, length_penalty=1.0, end=0, limit=9), Node())
        >>> replay.advance([[(5, -0.1), (6, -2.5), (0, -4.0), (7, -9.0)]])
        >>> replay.advance([[(0, -0.1), (7, -9.0)], [(0, -0.1), (7, -9.0)]])
        >>> [(round(beam.score, 3), beam.node.tokens()) for beam in replay.finished], replay.is_done
        ([(-0.1, [5, 0]), (-1.3, [6, 0])], True)
    """

    def __init__(self, rules: Rules, root: Node) -> None:
        self.rules = rules
        self.running = [Beam(0.0, root)]
        self.finished: list[Beam] = []
        self.is_done = False
        self.num_written = 0
        # a longer answer is a better one for its log-probability, so there is a bound for what a beam can become
        self._is_lazy = rules.only_best and rules.length_penalty >= 0
        self._least = 0.0 if self._is_lazy else -inf  # below it beams may be left out
        self._steps: list[_Step] = []
        self._best_left_out = -inf  # the score of the best beam that was left out

    def fork(self) -> BeamReplay:
        """The same search, which may be taken further on scores that are expected."""
        other = BeamReplay(self.rules, self.running[0].node)
        other.running, other.finished = self.running, list(self.finished)
        other.num_written, other._least = self.num_written, self._least
        return other

    def advance_known(self) -> int:
        """Go on for as long as all running beams were read; returns the number of steps."""
        num_steps = 0
        while not self.is_done:
            known = [beam.node.next for beam in self.running if beam.node.next is not None]
            if len(known) < len(self.running):
                break
            self.advance(known)
            num_steps += 1
        return num_steps

    def advance(self, continuations: Sequence[Continuations]) -> None:
        """Write one token more.

        Args:
            continuations: Of each running beam, the best 2 k.
        """
        width = self.rules.num_beams
        before = self.running, self.finished
        self.num_written += 1
        is_last = self.num_written >= self.rules.limit
        may_loop = self.rules.stops_loops and not self.num_written % LOOKS_EVERY
        running: list[_Candidate] = []
        for rank, candidate in enumerate(self._best(continuations)):
            if is_last or candidate.token == self.rules.end or (may_loop and self._loops(candidate)):
                if rank < width:
                    self._finish(candidate)
            elif len(running) < width:
                running.append(candidate)
        ahead = self._ahead(running)
        left_out = running[len(ahead)].score if len(ahead) < len(running) else -inf
        self.running = [Beam(score, node.child(token, log_prob)) for score, node, token, log_prob in ahead]
        self._steps.append(_Step(*before, left_out))
        self._best_left_out = max(self._best_left_out, left_out)
        self._check()

    def _finish(self, candidate: _Candidate) -> None:
        """Take an answer, if it is among the best."""
        score, node, token, log_prob = candidate
        beam = Beam(score / self.num_written**self.rules.length_penalty, node.child(token, log_prob))
        finished = sorted([*self.finished, beam], key=itemgetter(0), reverse=True)
        self.finished = finished[: self.rules.num_beams]

    def _best(self, continuations: Sequence[Continuations]) -> list[_Candidate]:
        """The best 2 k continuations."""
        width = 2 * self.rules.num_beams
        candidates: list[_Candidate] = []
        least = -inf  # what 2 k continuations of one beam are above
        for (score, node), following in zip(self.running, continuations, strict=True):
            for token, log_prob in following:
                total = score + log_prob
                if total < least:
                    break
                candidates.append(_Candidate(total, node, token, log_prob))
            if len(following) >= width:
                least = max(least, score + following[width - 1][1])
        if len(self.running) > 1:
            candidates.sort(key=itemgetter(0), reverse=True)
        return candidates[:width]

    def _loops(self, candidate: _Candidate) -> bool:
        return end_of_loop([*candidate.node.tokens(), candidate.token], self.num_written - 1) is not None

    def _ahead(self, running: list[_Candidate]) -> list[_Candidate]:
        """The beams that are not left out."""
        if not self._is_lazy or not running:
            return running
        least = min(self._least, _far_behind(running[0].score))
        return [beam for beam in running if beam.score >= least]

    def _check(self) -> None:
        """See whether the search is done, or has to go back to what was left out."""
        hope = self.running[0].score if self.running else -inf
        needed = -inf  # what a beam must be above, so that an answer that could come of it is the best
        if self._is_lazy:
            if self.finished:
                needed = self.finished[0].score * self.rules.limit**self.rules.length_penalty
            if self._best_left_out > max(needed, hope):
                self._go_back(max(needed, _far_behind(hope)) if self.running else needed)
                return
        is_full = len(self.finished) == self.rules.num_beams
        if hope <= needed or (
            is_full and hope / self.num_written**self.rules.length_penalty <= self.finished[-1].score
        ):
            self.is_done = True

    def _go_back(self, least: float) -> None:
        """Search again from the first step at which a beam above a score was left out."""
        self._least = min(self._least, least)
        self.num_written = next(at for at, step in enumerate(self._steps) if step.left_out > least)
        self.running, self.finished, _ = self._steps[self.num_written]
        del self._steps[self.num_written :]
        self._best_left_out = max((step.left_out for step in self._steps), default=-inf)

    def needed(self) -> Iterator[Node]:
        """Beginnings that the search continues, or may come back to, each after what it begins with."""
        ways = [beam.node for beam in self.running]
        for step in self._steps:
            ways += [beam.node for beam in step.running] if step.left_out > -inf else []
        seen: set[int] = set()
        for node in ways:
            path = []
            for before in node.path():
                if id(before) in seen:
                    break
                path.append(before)
            seen |= set(map(id, path))
            yield from reversed(path)


class _Candidate(NamedTuple):
    """What a beam may become: its score, and the next token of a beginning with its log-probability."""

    score: float
    node: Node
    token: int
    log_prob: float


class _Step(NamedTuple):
    """What a step began with, and the score of the best beam that it left out."""

    running: list[Beam]
    finished: list[Beam]
    left_out: float


def _far_behind(best: float) -> float:
    """The score below which beams are left out for now, given that of the best one."""
    return _FAR * best - _NEAR
