"""Speculative decoding: greedy search in few forward passes, with drafts made of the source words.

How drafts are verified is in `gner.decoding.verifier`; for what was tried see docs/decisions/speculative.md.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from lightning.pytorch.utilities.rank_zero import rank_zero_only

from gner.decoding.drafting import ListDrafts, RowDrafter, WordDrafts
from gner.decoding.forward_pass import Lockstep, why_no_drafts
from gner.decoding.greedy import Greedy
from gner.decoding.huggingface import decode
from gner.decoding.limits import end_of_loop, repeats_itself, row_limits
from gner.decoding.verifier import Verifier
from gner.interfaces import Batch, TextModel
from gner.records import Generation

_log = logging.getLogger("gner")
_LEAST_GAIN = 1.0
_POOR_PASSES = 4
_SHORTEST_PAUSE, _LONGEST_PAUSE = 4, 64


class Speculative(Greedy):
    """Writes what greedy search writes, with several tokens for each forward pass.

    Speculative decoding (Leviathan et al., 2023, arXiv 2211.17192) without a second model: nearly all of an answer is
    known in advance, as it repeats the source words. The rest of the answer is drafted, with the tags that such words
    had before; one pass over the draft shows which tokens the model would have chosen, and which tag it wants for each
    later word. Everything before the first difference is accepted, with the model's choice there, and the next
    draft starts after it. Of formats that list strings of entities, the frame of the answer and likely strings of the
    sentence are drafted.

    Greedy search takes over for networks of which it is not known that drafts can be checked in one pass: those that
    have neither position ids nor T5's relative positions, and those that keep more than keys and values.

    Args:
        max_new_tokens: Where generation stops at the latest; null takes it from the sentences.

    Attributes:
        num_passes: Forward passes over the decoder since the strategy was made.

    Example:
        >>> import torch
        >>> from gner.decoding import Greedy
        >>> from gner.testing import make_examples, tiny_model
        >>> model, batch = tiny_model("causal"), tiny_model("causal").batch(make_examples()[:1])
        >>> with torch.inference_mode():
        ...     [drafted], [plain] = Speculative().generate(model, batch), Greedy().generate(model, batch)
        >>> drafted.token_ids == plain.token_ids
        True
    """

    def __init__(self, max_new_tokens: int | None = None) -> None:
        super().__init__(max_new_tokens)
        self._sources = (WordDrafts(), ListDrafts())
        self._warned: set[str] = set()
        self.num_passes = 0

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per row; see the base class."""
        source = next((source for source in self._sources if source.can_draft(model.format, batch.examples)), None)
        if source is None:
            return super().generate(model, batch)
        reason = why_no_drafts(model.network)
        if reason is not None:
            self._warn_once(model.network.config.model_type, reason)
            return super().generate(model, batch)
        end = model.tokenizer.eos_token_id
        rows = self._rows(source.drafters(model, batch), batch, row_limits(model, batch, self.max_new_tokens))
        verifier = Verifier(model.network, batch)
        lockstep, pace = Lockstep(model.network), _Pace()
        active = list(range(len(rows)))
        while lockstep.goes_on(bool(active)):
            if active:
                source.prepare([rows[row].drafter for row in active])
                active = _pass(rows, active, verifier, pace, end)
            else:
                verifier.idle()
            self.num_passes += 1
        generations = [row.generation(model, end) for row in rows]
        source.learn(model.format, batch, generations)
        return generations

    def _rows(self, drafters: Sequence[RowDrafter], batch: Batch, limits: Sequence[int]) -> list[_Row]:
        may_loop = [batch.stops_loops and not repeats_itself(example) for example in batch.row_examples]
        return [_Row(*parts) for parts in zip(drafters, limits, may_loop, strict=True)]

    @rank_zero_only
    def _warn_once(self, model_type: str, reason: str) -> None:
        if model_type not in self._warned:
            self._warned.add(model_type)
            _log.warning("Speculative writes as Greedy does, token by token, with a `%s`: %s.", model_type, reason)


def _pass(rows: list[_Row], active: list[int], verifier: Verifier, pace: _Pace, end: int) -> list[int]:
    """Draft, verify and accept; returns the rows that are not done."""
    room = max(1, verifier.most_places // len(active)) if pace.drafts() else 1
    drafts = [rows[row].drafter.draft(min(room, rows[row].room) - 1) for row in active]
    choices, log_probs = verifier.check(drafts)
    agreed = [
        rows[row].take(draft, chosen, scores, end)
        for row, draft, chosen, scores in zip(active, drafts, choices, log_probs, strict=True)
    ]
    pace.learn(sum(agreed) / len(active), any(drafts))
    unfinished = [place for place, row in enumerate(active) if not rows[row].is_done]
    if unfinished:
        verifier.keep(unfinished, agreed, [rows[row].drafter.written[-1] for row in active])
    return [active[place] for place in unfinished]


class _Pace:
    """Has a batch rest from drafting while drafts are not worth their cost.

    After some passes in a row that got too little, there are passes without drafts, and more of them each time.
    """

    def __init__(self) -> None:
        self._num_poor = 0
        self._num_resting = 0
        self._pause = _SHORTEST_PAUSE

    def drafts(self) -> bool:
        """Whether the next pass is over drafts."""
        self._num_resting = max(0, self._num_resting - 1)
        return not self._num_resting

    def learn(self, gain: float, was_drafted: bool) -> None:
        """Take how many drafted tokens a row got on average."""
        if not was_drafted:
            return
        if gain >= _LEAST_GAIN:
            self._num_poor, self._pause = 0, _SHORTEST_PAUSE
            return
        self._num_poor += 1
        if self._num_poor >= _POOR_PASSES:
            self._num_resting = self._pause + 1
            self._pause = min(_LONGEST_PAUSE, 2 * self._pause)


@dataclass
class _Row:
    """The answer of one example, with the most tokens that it may have, and whether it ends where it loops."""

    drafter: RowDrafter
    limit: int
    stops_loops: bool
    log_probs: list[float] = field(default_factory=list)
    is_done: bool = False

    def generation(self, model: TextModel, end: int) -> Generation:
        """The answer, once it is done."""
        ids = self.drafter.written
        return Generation(
            ids, decode(model.tokenizer, ids, model.format.answer_start), self.log_probs, finished=ids[-1:] == [end]
        )

    @property
    def room(self) -> int:
        """Tokens that may still be written."""
        return self.limit - len(self.drafter.written)

    def take(self, draft: Sequence[int], chosen: Sequence[int], scores: Sequence[float], end: int) -> int:
        """Write what the model chose; returns how many tokens of the draft it agreed to."""
        if end in draft:  # some tokenizers read `</s>` in a sentence as the end token: it ends the answer
            draft = draft[: draft.index(end)]
            chosen = chosen[: len(draft) + 1]
        num_before = len(self.drafter.written)
        agreed = self.drafter.accept(draft, chosen)
        written = self.drafter.written
        self.log_probs += scores[: agreed + 1]
        self.is_done = written[-1] == end or len(written) >= self.limit
        loop_end = end_of_loop(written, num_before) if self.stops_loops else None
        if loop_end is not None:
            del written[loop_end:], self.log_probs[loop_end:]
            self.is_done = True
        return agreed
