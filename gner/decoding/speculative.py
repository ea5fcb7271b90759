"""Speculative decoding: greedy search in few forward passes, with drafts made of the source words.

How drafts are verified is in `gner.decoding.verifier`; for what was tried see docs/decisions/speculative.md, and
docs/decisions/pooled_decoding.md.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from itertools import chain

from lightning.pytorch.utilities.rank_zero import rank_zero_only

from gner.decoding.base import by_example
from gner.decoding.draft_verifier import idle
from gner.decoding.drafting import DraftSource, ListDrafts, WordDrafts, find_source
from gner.decoding.forward_pass import Lockstep, why_no_drafts
from gner.decoding.greedy import Greedy
from gner.decoding.limits import repeats_itself, row_limits
from gner.decoding.row_group import AnswerRow, RowGroup
from gner.interfaces import Batch, TextModel
from gner.records import Generation
from gner.sessions import Done, Session, results_of

_log = logging.getLogger("gner")


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
        words = WordDrafts()
        self.tag_memory = words.memory
        self._sources: tuple[DraftSource, ...] = (words, ListDrafts())
        self._warned: set[str] = set()
        self.num_passes = 0

    @property
    def num_sequences(self) -> int:
        """A row of a batch, and one that was left of earlier batches."""
        return 2

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per row; see the base class."""
        written = results_of(self.session(model), batch)
        return list(chain.from_iterable(written))

    def session(self, model: TextModel) -> Session[list[Generation]]:
        """For many batches, whose last rows are written together; see docs/decisions/pooled_decoding.md."""
        return _Pooling(self, model)

    def source_for(self, model: TextModel, batch: Batch) -> DraftSource | None:
        """Who drafts the answers of a batch; None where nobody can.

        Example:
            >>> from gner.testing import make_examples, tiny_model
            >>> model = tiny_model("causal")
            >>> type(Speculative().source_for(model, model.batch(make_examples()[:1]))).__name__
            'WordDrafts'
        """
        source = find_source(self._sources, model.format, batch.examples)
        reason = why_no_drafts(model.network)
        if source is not None and reason is not None:
            self._warn_once(model.network.config.model_type, reason)
        return source if reason is None else None

    @rank_zero_only
    def _warn_once(self, model_type: str, reason: str) -> None:
        if model_type not in self._warned:
            self._warned.add(model_type)
            _log.warning("Speculative writes as Greedy does, token by token, with a `%s`: %s.", model_type, reason)


@dataclass
class _Answer:
    """The rows of an example that is being answered."""

    batch: Batch
    place: int
    rows: list[AnswerRow] = field(default_factory=list)


class _Pooling(Session[list[Generation]]):
    """Passes each batch once, and then the rows that are not done in a pool with those of other batches.

    The pool is passed while it is full. It holds no more than the largest batch does, neither in rows nor in tokens
    with padding. Processes that share weights pass together: one that has nothing to write takes part.
    """

    def __init__(self, strategy: Speculative, model: TextModel) -> None:
        self._strategy = strategy
        self._model = model
        self._lockstep = Lockstep(model.network)
        self._pool: RowGroup | None = None
        self._most_rows = self._most_tokens = 0
        self._open: list[_Answer] = []

    def add(self, batch: Batch) -> list[Done[list[Generation]]]:
        """Write a batch but for its stragglers, and those of earlier ones when there are enough of them."""
        source = self._strategy.source_for(self._model, batch)
        if source is None:
            written = Greedy(self._strategy.max_new_tokens).generate(self._model, batch)
            return [Done(batch, place, rows) for place, rows in enumerate(by_example(batch, written))]
        group = self._begin(source, batch)
        self._most_rows = max(self._most_rows, len(group))
        self._most_tokens = max(self._most_tokens, len(group) * group.most_columns)
        self._pass(group)
        self._pour(group)
        while self._lockstep.goes_on(bool(group) or self._is_full()):
            self._pass(self._pool)
            self._pour(group)
        return self._collect()

    def finish(self) -> list[Done[list[Generation]]]:
        """Write all that is left."""
        while self._lockstep.goes_on(bool(self._pool)):
            self._pass(self._pool)
        return self._collect()

    def _begin(self, source: DraftSource, batch: Batch) -> RowGroup:
        """The rows of a batch, nothing of which is written."""
        model = self._model
        answers = [_Answer(batch, place) for place in range(len(batch))]
        limits = row_limits(model, batch, self._strategy.max_new_tokens)
        parts = zip(batch.owners, source.drafters(model, batch), batch.prompt_lengths, limits, strict=True)
        for owner, drafter, num_prompt, limit in parts:
            may_loop = batch.stops_loops and not repeats_itself(batch.examples[owner])
            answers[owner].rows.append(AnswerRow(source, drafter, num_prompt, limit, may_loop))
        self._open += answers
        rows = list(chain.from_iterable(answer.rows for answer in answers))
        return RowGroup(model.network, batch, rows, end=model.tokenizer.eos_token_id)

    def _pass(self, group: RowGroup | None) -> None:
        """Do a pass, with a group of rows, or for other processes."""
        if group:
            group.advance()
        else:
            idle(self._model.network)
        self._strategy.num_passes += 1

    def _pour(self, group: RowGroup) -> None:
        """Move rows of a group into the pool, as many as there is room for."""
        if not self._pool:
            self._pool = group.split(len(group)) if group else None
        elif group:
            columns = max(group.most_columns, self._pool.most_columns)
            room = min(self._most_rows, self._most_tokens // columns) - len(self._pool)
            if room > 0:
                self._pool.join(group.split(min(room, len(group))))

    def _is_full(self) -> bool:
        return self._pool is not None and len(self._pool) >= self._most_rows

    def _collect(self) -> list[Done[list[Generation]]]:
        """Give what is done, and learn of it."""
        model = self._model
        done: list[Done[list[Generation]]] = []
        still_open: list[_Answer] = []
        for answer in self._open:
            if not all(row.is_done for row in answer.rows):
                still_open.append(answer)
                continue
            generations = [row.generation(model) for row in answer.rows]
            done.append(Done(answer.batch, answer.place, generations))
            if answer.rows:
                written = [(row.drafter, generation) for row, generation in zip(answer.rows, generations, strict=True)]
                answer.rows[0].source.learn(model.format, answer.batch.examples[answer.place], written)
        self._open = still_open
        return done
