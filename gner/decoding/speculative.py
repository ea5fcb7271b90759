"""Greedy search in few forward passes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from gner.bio import OUTSIDE
from gner.decoding.drafter import Drafter
from gner.decoding.forward_pass import MOST_LOGITS, Lockstep, causal_inputs, why_no_drafts
from gner.decoding.greedy import Greedy
from gner.decoding.huggingface import decode
from gner.decoding.limits import end_of_loop, repeats_itself, row_limits
from gner.decoding.tag_memory import Guesses, TagMemory
from gner.decoding.word_tokens import PieceTokenizer
from gner.interfaces import Batch, Kind, TextModel, kind_of
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
    later word. Everything before the first difference is kept, with the model's choice there, and drafting goes on
    behind it.

    Greedy search takes over for networks of which it is not known that drafts can be checked in one pass: those that
    have neither position ids nor T5's relative positions, and those that keep more than keys and values.

    Args:
        max_new_tokens: Where generation stops at the latest; null takes it from the sentences.

    Attributes:
        num_passes: Forward passes over the decoder since the strategy was made.
    """

    def __init__(self, max_new_tokens: int | None = None) -> None:
        super().__init__(max_new_tokens)
        self._pieces: PieceTokenizer | None = None
        self._memory = TagMemory()
        self._said: set[str] = set()
        self.num_passes = 0

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per row; see the base class."""
        example = batch.examples[0]
        if model.format.draft(example, [OUTSIDE] * len(example.words)) is None:
            return super().generate(model, batch)
        reason = why_no_drafts(model.network)
        if reason is not None:
            self._say_once(model.network.config.model_type, reason)
            return super().generate(model, batch)
        if self._pieces is None or not self._pieces.is_for(model):
            kind = kind_of(model.network.config)
            self._pieces = PieceTokenizer(model.tokenizer, model.format, kind, num_probes=1)
        self._pieces.prepare(batch.row_examples)
        end = model.tokenizer.eos_token_id
        rows = self._rows(self._pieces, batch, row_limits(model, batch, self.max_new_tokens))
        verifier = _Verifier(model.network, batch)
        lockstep, pace = Lockstep(model.network), _Pace()
        active = list(range(len(rows)))
        while lockstep.goes_on(bool(active)):
            if active:
                active = _pass(rows, active, verifier, pace, end)
            else:
                verifier.idle()
            self.num_passes += 1
        for row, example in zip(rows, batch.row_examples, strict=True):
            self._memory.learn(example, row.drafter.tags)
        return [
            Generation(ids := row.drafter.written, decode(model.tokenizer, ids), row.log_probs, ids[-1:] == [end])
            for row in rows
        ]

    def _rows(self, pieces: PieceTokenizer, batch: Batch, limits: Sequence[int]) -> list[_Row]:
        rows = []
        for example, limit in zip(batch.row_examples, limits, strict=True):
            drafter = Drafter(pieces, example, Guesses(self._memory, example))
            rows.append(_Row(drafter, limit, stops_loops=batch.stops_loops and not repeats_itself(example)))
        return rows

    @rank_zero_only
    def _say_once(self, model_type: str, reason: str) -> None:
        if model_type not in self._said:
            self._said.add(model_type)
            _log.warning("Speculative writes as Greedy does, token by token, with a `%s`: %s.", model_type, reason)


def _pass(rows: list[_Row], active: list[int], verifier: _Verifier, pace: _Pace, end: int) -> list[int]:
    """Draft, check and keep; returns the rows that go on."""
    room = max(1, MOST_LOGITS // (len(active) * verifier.vocab_size)) if pace.drafts() else 1
    drafts = [rows[row].drafter.draft(min(room, rows[row].room) - 1) for row in active]
    choices, log_probs = verifier.check(drafts)
    agreed = [
        rows[row].take(draft, chosen, scores, end)
        for row, draft, chosen, scores in zip(active, drafts, choices, log_probs, strict=True)
    ]
    pace.learn(sum(agreed) / len(active), any(drafts))
    going_on = [place for place, row in enumerate(active) if not rows[row].is_done]
    if going_on:
        verifier.keep(going_on, agreed, [rows[row].drafter.written[-1] for row in active])
    return [active[place] for place in going_on]


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

    drafter: Drafter
    limit: int
    stops_loops: bool
    log_probs: list[float] = field(default_factory=list)
    is_done: bool = False

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


class _Verifier:
    """Runs a network over drafts, and keeps keys and values of what it agreed to.

    Columns of the cache are right-aligned: the last token of every row is in the last column, so that distances between
    columns are distances between tokens.
    """

    def __init__(self, network: PreTrainedModel, batch: Batch) -> None:
        self._network = network
        self._kind = kind_of(network.config)
        self.vocab_size = network.get_output_embeddings().weight.shape[0]
        self._batch = batch
        self._prompt_mask = batch.prompt_mask
        self._encoded: Tensor | None = None
        if self._kind is Kind.SEQ2SEQ:
            self._cache: Any = EncoderDecoderCache(DynamicCache(), DynamicCache())
            self._next = _starts(network, batch)  # (A, N), not in the cache yet
            self._mask = torch.ones_like(self._next)  # (A, S + N)
        else:
            self._cache = DynamicCache()
            self._next, self._mask = batch.prompt_ids, batch.prompt_mask

    def check(self, drafts: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[list[float]]]:
        """What the network chooses in the place of each drafted token, and behind the draft, with log-probabilities."""
        length = max(len(draft) for draft in drafts)
        padded = [[*draft, *[0] * (length - len(draft))] for draft in drafts]
        there = [[1] * len(draft) + [0] * (length - len(draft)) for draft in drafts]
        device = self._next.device
        tokens = torch.tensor(padded, dtype=torch.long, device=device).view(len(drafts), length)
        mask = torch.tensor(there, dtype=self._mask.dtype, device=device).view(len(drafts), length)
        logits = self._run(torch.cat([self._next, tokens], 1), torch.cat([self._mask, mask], 1), length + 1).float()
        best, choices = logits.max(-1)
        scores = best - logits.logsumexp(-1)
        sizes = [len(draft) + 1 for draft in drafts]
        return (
            [row[:size] for row, size in zip(choices.tolist(), sizes, strict=True)],
            [row[:size] for row, size in zip(scores.tolist(), sizes, strict=True)],
        )

    def _run(self, tokens: Tensor, mask: Tensor, num_logits: int) -> Tensor:
        """Logits of the last tokens, (A, L, V); keys and values of all go into the cache."""
        inputs: dict[str, Any] = {"past_key_values": self._cache, "use_cache": True}
        if self._kind is Kind.SEQ2SEQ:
            inputs |= {"attention_mask": self._prompt_mask, "decoder_attention_mask": mask, "decoder_input_ids": tokens}
            inputs |= self._prompts()
        else:
            inputs |= causal_inputs(self._network, tokens, mask, num_logits)
        output = self._network(**inputs)
        if self._kind is Kind.SEQ2SEQ:
            self._encoded = output.encoder_last_hidden_state
        self._cache = output.past_key_values
        return output.logits[:, -num_logits:]

    def _prompts(self) -> dict[str, Any]:
        """What a seq2seq network needs of the prompts: the texts in the first pass, later what it made of them."""
        if self._encoded is None:
            return {"input_ids": self._batch.prompt_ids}
        return {"encoder_outputs": BaseModelOutput(last_hidden_state=self._encoded)}

    def keep(self, rows: Sequence[int], agreed: Sequence[int], last: Sequence[int]) -> None:
        """Go on with some rows, each with as many drafted tokens as it agreed to and a last one to come."""
        device = self._next.device
        before = self._mask.shape[1]  # columns before the draft
        kept = torch.tensor([agreed[row] for row in rows], device=device)
        index = torch.tensor(list(rows), dtype=torch.long, device=device)
        used = self._mask[index].sum(-1) + kept
        width = int(used.max())
        are_all, are_alike = len(rows) == len(agreed), len({agreed[row] for row in rows}) == 1
        columns = (before + kept - width).unsqueeze(1) + torch.arange(width, device=device)  # (A, S)
        first = before + agreed[rows[0]] - width
        for layer in _layers(self._cache, crossed=False):
            for name in ("keys", "values"):
                part = getattr(layer, name)
                if are_alike:
                    part = part[:, :, first : first + width]
                    part = part if are_all else part[index]
                else:
                    part = _pick(part, index, columns)
                setattr(layer, name, part)
        if not are_all:
            for layer in _layers(self._cache, crossed=True):
                layer.keys, layer.values = layer.keys[index], layer.values[index]
            self._encoded = None if self._encoded is None else self._encoded[index]
            self._prompt_mask = self._prompt_mask[index]
        here = torch.arange(width, device=device) >= width - used.unsqueeze(1)
        self._mask = torch.cat([here.long(), torch.ones_like(used).unsqueeze(1)], 1)
        self._next = torch.tensor([[last[row]] for row in rows], dtype=torch.long, device=device).view(len(rows), 1)

    def idle(self) -> None:
        """Run the network for nothing, as other processes need its weights."""
        if self._kind is not Kind.SEQ2SEQ:
            self._network(input_ids=self._batch.prompt_ids[:1, -1:])
            return
        assert self._encoded is not None, "every process does the first pass"
        self._network(
            encoder_outputs=BaseModelOutput(last_hidden_state=self._encoded[:1]),
            attention_mask=self._prompt_mask[:1],
            decoder_input_ids=_starts(self._network, self._batch)[:1],
        )


def _starts(network: PreTrainedModel, batch: Batch) -> Tensor:
    """What a decoder reads before the first token of an answer, (B, 1)."""
    return torch.full_like(batch.prompt_ids[:, :1], network.config.decoder_start_token_id)


def _layers(cache: Any, *, crossed: bool) -> list[Any]:
    if isinstance(cache, EncoderDecoderCache):
        return list((cache.cross_attention_cache if crossed else cache.self_attention_cache).layers)
    return [] if crossed else list(cache.layers)


def _pick(part: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Some rows of keys or values, (B, H, S, D), and of each row its own columns."""
    return part.transpose(1, 2)[rows.unsqueeze(1), columns.clamp(min=0)].transpose(1, 2)
