"""Rows that are written together by speculative decoding: a draft for each of them, and one pass over all drafts."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field

from transformers import PreTrainedModel

from gner.decoding.draft_verifier import verifier_for
from gner.decoding.drafting import DraftSource, RowDrafter
from gner.decoding.huggingface import decode
from gner.decoding.limits import end_of_loop
from gner.decoding.pass_cost import PassCost
from gner.interfaces import Batch, TextModel
from gner.records import Generation

_LEAST_GAIN = 1.0
_POOR_PASSES = 4
_SHORTEST_PAUSE, _LONGEST_PAUSE = 4, 64


@dataclass
class AnswerRow:
    """The answer of one row.

    Attributes:
        source: Where its drafter is from.
        drafter: Has what was written, and drafts what may follow.
        num_prompt: Tokens of its prompt.
        limit: Most tokens of the answer.
        stops_loops: End it where it does nothing but repeat itself.
        log_probs: Of the tokens that were written.
        is_done: Whether it has come to its end.
    """

    source: DraftSource
    drafter: RowDrafter
    num_prompt: int
    limit: int
    stops_loops: bool
    log_probs: list[float] = field(default_factory=list)
    is_done: bool = False

    def generation(self, model: TextModel) -> Generation:
        """The answer, once it is done."""
        ids = self.drafter.written
        is_finished = ids[-1:] == [model.tokenizer.eos_token_id]
        return Generation(ids, decode(model.tokenizer, ids, model.format.answer_start), self.log_probs, is_finished)

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


class _Pace:
    """Has rows rest from drafting while drafts are not worth their cost.

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


class RowGroup:
    """Rows that are not done yet, and the cache of what was written in them.

    Args:
        network: One of which `why_no_drafts` says nothing.
        batch: R rows.
        rows: Their answers, R of them.
        end: The end token.

    Attributes:
        rows: Those that are still being written.

    Example:
        >>> import torch
        >>> from gner.decoding.drafting import WordDrafts
        >>> from gner.testing import make_examples, tiny_model
        >>> model, source = tiny_model("causal"), WordDrafts()
        >>> batch = model.batch(make_examples()[:3])
        >>> pairs = zip(source.drafters(model, batch), batch.prompt_lengths, strict=True)
        >>> rows = [AnswerRow(source, drafter, length, 2, stops_loops=False) for drafter, length in pairs]
        >>> group = RowGroup(model.network, batch, rows, end=model.tokenizer.eos_token_id)
        >>> with torch.inference_mode():
        ...     while group:
        ...         group.advance()
        >>> [len(row.drafter.written) for row in rows]
        [2, 2, 2]
    """

    def __init__(self, network: PreTrainedModel, batch: Batch, rows: Sequence[AnswerRow], *, end: int) -> None:
        self.rows = list(rows)
        self._end = end
        self._verifier = verifier_for(network, batch)
        self._pace, self._cost = _Pace(), PassCost(network)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def most_columns(self) -> int:
        """How many tokens of each row, with padding, the cache may come to hold."""
        return max((row.num_prompt + row.limit for row in self.rows), default=0)

    def advance(self) -> None:
        """Draft, verify and accept in all rows; those that are done then leave the group."""
        rows, drafts = self.rows, self._draft()
        choices, log_probs = self._verifier.check(drafts)
        agreed = [
            row.take(draft, chosen, scores, self._end)
            for row, draft, chosen, scores in zip(rows, drafts, choices, log_probs, strict=True)
        ]
        self._pace.learn(sum(agreed) / len(rows), any(drafts))
        unfinished = [place for place, row in enumerate(rows) if not row.is_done]
        if unfinished:
            self._verifier.keep(unfinished, agreed, [row.drafter.written[-1] for row in rows])
        self.rows = [rows[place] for place in unfinished]

    def _draft(self) -> list[list[int]]:
        """What comes next in each row, or nothing while drafts are not worth it."""
        for source in dict.fromkeys(row.source for row in self.rows):
            source.prepare([row.drafter for row in self.rows if row.source is source])
        room = max(1, self._verifier.most_places // len(self.rows)) if self._pace.drafts() else 1
        least = self._cost.token_share(len(self.rows))
        return [row.drafter.draft(min(room, row.room) - 1, least) for row in self.rows]

    def split(self, num_rows: int) -> RowGroup:
        """Take the first rows out of the group; returns a group of these."""
        first = copy(self)
        first.rows, self.rows = self.rows[:num_rows], self.rows[num_rows:]
        if self.rows:  # else the cache goes over to the other as it is
            first._verifier = self._verifier.split(num_rows)
        return first

    def join(self, other: RowGroup) -> None:
        """Take in all rows of another group."""
        self.rows += other.rows
        self._verifier.join(other._verifier)
