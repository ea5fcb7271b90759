"""Beam search in few forward passes.

Steps are in `gner.decoding.beam_replay`, what is read ahead in `gner.decoding.beam_forecast`, and how it is read in
`gner.decoding.beam_verifier`; for what was tried see docs/decisions/beam_search.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import count

from lightning.pytorch.utilities.rank_zero import rank_zero_only

from gner.decoding.base import by_example
from gner.decoding.beam_forecast import BeamForecast, Foresight
from gner.decoding.beam_replay import Beam, BeamReplay, Node, Rules
from gner.decoding.beam_verifier import BeamVerifier
from gner.decoding.drafting import DraftSource, ListDrafts, RowDrafter, WordDrafts, find_source
from gner.decoding.forward_pass import Lockstep, is_sharded
from gner.decoding.head import vocab_size
from gner.decoding.huggingface import decode
from gner.decoding.huggingface_beams import HuggingFaceBeams
from gner.decoding.limits import repeats_itself, row_limits
from gner.decoding.pass_cost import PassCost
from gner.decoding.speculative import Speculative
from gner.decoding.token_tree import why_no_trees
from gner.decoding.verifier import idle_padded
from gner.interfaces import Batch, TextModel
from gner.records import Generation

_log = logging.getLogger("gner")
_TRIED, _LEAST_STEPS = 2, 2
"""A batch is given up if most rows are not done, and after two passes or more it got less than two tokens by each."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 8, 16
_LEAST_NODES = 16
_UNEVENNESS = 1.5
"""How many times as much as the mean row the longest one may read in a pass."""


class BeamSearch(HuggingFaceBeams):
    """Beam search; with 4 beams the paper gains 0.3 to 1.0 points of F1 over greedy search.

    It finds what ``generate`` finds, with several tokens for each forward pass. What all beams are going to write is
    drafted, as by `Speculative`; one pass scores what may follow at each place of all drafts, and the search is
    repeated on these scores token by token, for as long as it asks for nothing that was not read.

    ``generate`` takes over where this is not possible: for networks that cannot read many beginnings of an answer at
    once, and for formats of which nothing can be drafted; and for a while where a model does not write what is drafted.
    One beam is greedy search, by `Speculative`.

    Args:
        num_beams: Width.
        length_penalty: Exponent of the length that a beam's log-probability is divided by.
        max_new_tokens: Where generation stops at the latest; null takes it from the sentences.

    Attributes:
        num_passes: Forward passes over the decoder since the strategy was made, without those of ``generate``.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("seq2seq")
        >>> batch, options = model.batch(make_examples()[:3]), {"num_beams": 2, "max_new_tokens": 5}
        >>> with torch.inference_mode():
        ...     written = BeamSearch(**options).generate(model, batch)
        ...     others = HuggingFaceBeams(**options).generate(model, batch)
        >>> [one.text for one in written] == [other.text for other in others]
        True
    """

    def __init__(self, num_beams: int = 4, length_penalty: float = 1.0, max_new_tokens: int | None = None) -> None:
        super().__init__(num_beams, length_penalty, max_new_tokens)
        words = WordDrafts()
        self._sources: tuple[DraftSource, ...] = (words, ListDrafts())
        self._greedy = Speculative(max_new_tokens)
        self.tag_memory = words.memory if num_beams > 1 else self._greedy.tag_memory
        self._warned: set[str] = set()
        self._num_passes = 0
        self._rest = _Rest()
        self._foresight = Foresight()

    @property
    def num_passes(self) -> int:
        """See above."""
        return self._num_passes + self._greedy.num_passes

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per row; see the base class."""
        if self.num_beams == 1:
            return self._greedy.generate(model, batch)
        source = find_source(self._sources, model.format, batch.examples)
        if source is None:
            return super().generate(model, batch)
        reason = self._why_not(model)
        if reason is not None:
            self._warn_once(model.network.config.model_type, reason)
            return super().generate(model, batch)
        if not is_sharded(model.network) and self._rest.is_on():
            return super().generate(model, batch)
        drafters = source.drafters(model, batch)
        rows = self._search(model, batch, drafters, only_best=True)
        if not all(row.replay.is_done for row in rows):
            return super().generate(model, batch)
        generations = [_generation(model, *pair) for pair in zip(rows, drafters, strict=True)]
        written = by_example(batch, list(zip(drafters, generations, strict=True)))
        for example, of_example in zip(batch.examples, written, strict=True):
            source.learn(model.format, example, of_example)
        return generations

    def hypotheses(self, model: TextModel, batch: Batch) -> list[list[Beam]]:
        """All answers that a search finds for each row, the best first, with scores: `generate` takes the first ones.

        Args:
            model: One that is not left to Hugging Face's ``generate``.
            batch: R rows.

        Example:
            >>> import torch
            >>> from gner.testing import make_examples, tiny_model
            >>> model = tiny_model("causal")
            >>> with torch.inference_mode():
            ...     [beams] = BeamSearch(3, max_new_tokens=5).hypotheses(model, model.batch(make_examples()[:1]))
            >>> [len(beam.node.tokens()) for beam in beams], beams[0].score > beams[2].score
            ([5, 5, 5], True)
        """
        source = find_source(self._sources, model.format, batch.examples)
        assert source is not None
        rows = self._search(model, batch, source.drafters(model, batch), only_best=False)
        return [row.replay.finished for row in rows]

    def _search(self, model: TextModel, batch: Batch, drafters: Sequence[RowDrafter], *, only_best: bool) -> list[_Row]:
        """Search in all rows; rows are not done where ``generate`` would not take more passes."""
        rows = self._rows(model, batch, drafters, only_best=only_best)
        verifier = BeamVerifier(model.network, batch, 2 * self.num_beams)
        lockstep, cost = Lockstep(model.network), PassCost(model.network)
        may_give_up = only_best and not is_sharded(model.network)  # processes must stay in step
        active = list(range(len(rows)))
        for num_passes in count():
            if not lockstep.goes_on(bool(active)) or (may_give_up and self._rest.learn(rows, active, num_passes)):
                break
            if active:
                active = _pass(rows, active, verifier, cost)
            else:
                idle_padded(model.network)
            self._num_passes += 1
        return rows

    def _rows(self, model: TextModel, batch: Batch, drafters: Sequence[RowDrafter], *, only_best: bool) -> list[_Row]:
        end, limits = model.tokenizer.eos_token_id, row_limits(model, batch, self.max_new_tokens)
        rows = []
        for drafter, limit, example in zip(drafters, limits, batch.row_examples, strict=True):
            stops_loops = batch.stops_loops and not repeats_itself(example)
            rules = Rules(self.num_beams, self.length_penalty, end, limit, stops_loops, only_best)
            rows.append(_Row(rules, drafter, self._foresight))
        return rows

    def _why_not(self, model: TextModel) -> str | None:
        """Why the search is left to Hugging Face's ``generate``, or None if it is not."""
        if vocab_size(model.network) < 2 * self.num_beams:
            return "it has fewer tokens than a search looks at"
        return why_no_trees(model.network)

    @rank_zero_only
    def _warn_once(self, model_type: str, reason: str) -> None:
        if model_type not in self._warned:
            self._warned.add(model_type)
            _log.warning("BeamSearch goes token by token with a `%s`: %s.", model_type, reason)


def _generation(model: TextModel, row: _Row, drafter: RowDrafter) -> Generation:
    """The best answer of a row that is done, which its drafter hears of."""
    node = row.replay.finished[0].node
    ids = node.tokens()
    drafter.accept(ids[:-1], ids)
    text = decode(model.tokenizer, ids, model.format.answer_start)
    return Generation(ids, text, node.log_probs(), finished=ids[-1:] == [model.tokenizer.eos_token_id])


class _Row:
    """The search in one row."""

    def __init__(self, rules: Rules, drafter: RowDrafter, foresight: Foresight) -> None:
        root = Node()
        self.replay = BeamReplay(rules, root)
        self.forecast = BeamForecast(root, drafter, rules.end, foresight)

    def needed(self) -> Iterator[Node]:
        """What the search may ask for again, and what was read ahead."""
        yield from self.replay.needed()
        ahead = [beam.node for beam in self.replay.running]
        while ahead:
            node = ahead.pop()
            yield node
            ahead += [child for child in node.children.values() if child.next is not None]


class _Rest:
    """Leaves batches to ``generate`` while many tokens at a time are no more than one at a time.

    After a batch that was given up come some that are not tried, and more of them each time.
    """

    def __init__(self) -> None:
        self._num_resting = 0
        self._pause = _SHORTEST_PAUSE

    def is_on(self) -> bool:
        """Whether the next batch is not tried."""
        self._num_resting = max(0, self._num_resting - 1)
        return self._num_resting > 0

    def learn(self, rows: Sequence[_Row], active: Sequence[int], num_passes: int) -> bool:
        """Take how far a batch got with some passes; returns whether to give it up."""
        num_written = sum(row.replay.num_written for row in rows)
        if num_passes < _TRIED or 2 * len(active) <= len(rows):
            self._pause = _SHORTEST_PAUSE if num_passes >= _TRIED else self._pause
            return False
        if num_written >= _LEAST_STEPS * num_passes * len(rows):
            self._pause = _SHORTEST_PAUSE
            return False
        self._num_resting = self._pause + 1
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause)
        return True


def _pass(rows: Sequence[_Row], active: Sequence[int], verifier: BeamVerifier, cost: PassCost) -> list[int]:
    """Look ahead, read, and search on; returns the rows that are not done."""
    room = verifier.room()
    least = cost.token_share(sum(len(rows[row].replay.running) for row in active))
    wanted = [rows[row].forecast.wanted(rows[row].replay, room, least) for row in active]
    size = max(_LEAST_NODES, int(_UNEVENNESS * sum(map(len, wanted)) / len(wanted)))
    wanted = [nodes[:size] for nodes in wanted]  # short rows are padded to the longest
    verifier.read(wanted)
    for row, nodes in zip(active, wanted, strict=True):
        num_steps = rows[row].replay.advance_known()
        rows[row].forecast.learn(nodes, num_steps)
    unfinished = [place for place, row in enumerate(active) if not rows[row].replay.is_done]
    if unfinished:
        verifier.keep(unfinished, [rows[active[place]].needed() for place in unfinished])
    return [active[place] for place in unfinished]
