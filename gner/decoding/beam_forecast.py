"""Which beginnings of answers a beam search is going to ask about, so that one pass can read them all.

See docs/decisions/beam_search.md.
"""

from __future__ import annotations

from math import inf, log
from typing import NamedTuple

from gner.decoding.beam_replay import BeamReplay, Continuations, Node
from gner.decoding.drafting import RowDrafter

_CONTEXT = 3
"""Tokens after which a node's continuations are expected to be those of another node."""
_FARTHEST = 128
_FIRST_CHANCE, _MOST_CHANCE, _WEIGHT = 0.97, 0.999, 20.0
"""Of a step to be as expected, before anything was seen, and as so many steps count."""
_MOST_SEEN = 2_000.0
"""Steps after which older ones count half."""


class BeamForecast:
    """Looks ahead in the beam search of one row.

    The search is taken further on scores that are expected, and what it would ask for on its way is read in the next
    pass. Each beam is expected to go on with its draft; beside that come the tokens, with the scores, that came after
    the same tokens in another beam, as beams mostly differ in a tag or two and write the same words. What is expected
    costs or saves time, and decides nothing.

    Args:
        root: The beginning of all answers.
        drafter: Drafts the answer; copies of it draft those of beams.
        end: The end token.
        foresight: Of all rows; None where there are no others.

    Example:
        >>> from gner.decoding.beam_replay import Rules
        >>> from gner.decoding.drafting import WordDrafts
        >>> from gner.testing import make_examples, tiny_model
        >>> model, root = tiny_model("causal"), Node()
        >>> [drafter] = WordDrafts().drafters(model, model.batch(make_examples()[1:2]))
        >>> rules = Rules(num_beams=2, length_penalty=1.0, end=model.tokenizer.eos_token_id, limit=99)
        >>> forecast, replay = BeamForecast(root, drafter, rules.end), BeamReplay(rules, root)
        >>> model.tokenizer.decode([node.token for node in forecast.wanted(replay, room=50)[1:]])
        'nothing(O)'
    """

    def __init__(self, root: Node, drafter: RowDrafter, end: int, foresight: Foresight | None = None) -> None:
        self._end = end
        self._drafters: dict[Node, RowDrafter] = {root: drafter.copy()}
        self._drafts: dict[Node, tuple[list[int], int]] = {}  # what is drafted, and where in it a node is
        self._made: list[_Draft] = []  # since the last pass
        self._known: dict[tuple[int, ...], Continuations] = {}
        self._foresight = Foresight(foresight)
        self._num_ahead = 0

    def wanted(self, replay: BeamReplay, room: int, least: float = 0.0) -> list[Node]:
        """The nodes that the next pass should read, parents first.

        Args:
            replay: The search as far as it is known.
            room: Most nodes, beside those that the search waits for.
            least: What is less likely than this to be asked for is not worth reading.
        """
        nodes = {beam.node: None for beam in replay.running if beam.node.next is None}
        ahead, self._num_ahead = replay.fork(), 0
        for _ in range(self._foresight.steps(least)):
            nodes |= {beam.node: None for beam in ahead.running if beam.node.next is None}
            if len(nodes) >= room:
                break
            self._num_ahead += 1
            ahead.advance([beam.node.next or self._expected(beam.node) for beam in ahead.running])
            if ahead.is_done:
                break
        return list(nodes)

    def learn(self, nodes: list[Node], num_steps: int) -> None:
        """Take what the network said.

        Args:
            nodes: Those that the last pass read.
            num_steps: How far the search got.
        """
        for node in nodes:
            assert node.next is not None
            self._known[_context(node)] = node.next
        self._foresight.learn(num_steps, self._num_ahead)
        for draft in self._made:
            self._follow(draft)
        self._made.clear()

    def _follow(self, draft: _Draft) -> None:
        """Have a drafter see what the network says to its draft."""
        node: Node | None = draft.node
        choices: list[int] = []
        for token in [*draft.tokens, None]:
            if node is None or node.next is None:
                break
            choices.append(node.next[0][0])
            node = None if token is None else node.children.get(token)
        if len(choices) > 1:
            draft.drafter.copy().accept(draft.tokens[: len(choices) - 1], choices)

    def _expected(self, node: Node) -> Continuations:
        """What is likely to follow a node that was not read."""
        token = self._drafted(node)
        known = self._known.get(_context(node))
        if known is not None and (token is None or known[0][0] == token):
            return known
        return [(self._end if token is None else token, 0.0)]

    def _drafted(self, node: Node) -> int | None:
        """The next token of the draft that a node is on, or of a new one; None where nothing is drafted."""
        draft, at = self._drafts.get(node) or self._continued(node) or ([], 0)
        if at == len(draft):
            drafter = self._drafter(node)
            draft, at = drafter.draft(_FARTHEST), 0
            self._made.append(_Draft(node, drafter, draft))
        self._drafts[node] = draft, at
        return draft[at] if draft else None

    def _continued(self, node: Node) -> tuple[list[int], int] | None:
        """The draft that the beginning before is on, if that goes on with this node."""
        draft, at = self._drafts.get(node.parent, ([], 0)) if node.parent else ([], 0)
        return (draft, at + 1) if draft[at : at + 1] == [node.token] else None

    def _drafter(self, node: Node) -> RowDrafter:
        """One that has followed the tokens of a node."""
        tokens: list[int] = []
        before = node
        while before not in self._drafters:
            tokens.append(before.token)
            assert before.parent is not None
            before = before.parent
        drafter = self._drafters[before]
        if tokens:
            tokens.reverse()
            drafter = self._drafters[node] = drafter.copy()
            drafter.accept(tokens[:-1], tokens)
        return drafter


class _Draft(NamedTuple):
    """What a drafter drafted after a node."""

    node: Node
    drafter: RowDrafter
    tokens: list[int]


class Foresight:
    """How often searches went on as they were expected to, step by step.

    Args:
        shared: What rows have in common, where this is of one row.

    Example:
        >>> foresight = Foresight()
        >>> foresight.steps(0.0), foresight.steps(0.5) > foresight.steps(0.9) >= 2
        (128, True)
    """

    def __init__(self, shared: Foresight | None = None) -> None:
        self._shared = shared
        self._num_right = self._num_wrong = 0.0

    def chance(self) -> float:
        """How likely one step more is as expected."""
        before = _FIRST_CHANCE if self._shared is None else self._shared.chance()
        return (_WEIGHT * before + self._num_right) / (_WEIGHT + self._num_right + self._num_wrong)

    def steps(self, least: float) -> int:
        """How many steps to look ahead so that each is at least so likely: two, of which one is known, or more."""
        most = log(least) / log(min(self.chance(), _MOST_CHANCE)) if least > 0 else inf
        return int(max(2, min(most, _FARTHEST)))

    def learn(self, num_steps: int, num_ahead: int) -> None:
        """Take how far a search got, of so many steps that were looked at."""
        self._num_right += max(0, num_steps - 1)
        self._num_wrong += num_steps < num_ahead
        if self._num_right + self._num_wrong > _MOST_SEEN:
            self._num_right, self._num_wrong = self._num_right / 2, self._num_wrong / 2
        if self._shared is not None:
            self._shared.learn(num_steps, num_ahead)


def _context(node: Node) -> tuple[int, ...]:
    """The last tokens of a node."""
    tokens: list[int] = []
    before: Node | None = node
    while before is not None and len(tokens) < _CONTEXT:
        tokens.append(before.token)
        before = before.parent
    return tuple(tokens)
