"""How long an answer may get: a limit for each row, so that no answer depends on the texts beside it.

An answer that only repeats itself can be ended before its limit, where a batch asks for it. That bounds the time of the
first validations of a fit, whose model may know nothing yet but loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import inf

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase, StoppingCriteria

from gner.decoding.forward_pass import positions_of
from gner.interfaces import Batch, Kind, TextModel, kind_of
from gner.prompting.boundaries import Boundaries, marks_of, spell
from gner.records import Example

LENGTH_MARGIN = 8
"""Tokens allowed beyond the longest right answer: the end token, and a word more than there should be."""
LOOKS_EVERY = 16
"""Loops are looked for in answers whose number of tokens is a multiple of this."""
_LOOP_TOKENS = 96
_LONGEST_PERIOD = 24
_FEW_TOKENS = 6
_REPEATED_WORDS, _FEW_WORDS = 12, 3
"""A sentence that repeats itself for 12 words, or has only 3 distinct ones in 12, may be answered with a loop."""


def row_limits(model: TextModel, batch: Batch, max_new_tokens: int | None = None) -> list[int]:
    """Most tokens of each row's answer.

    Args:
        model: Its network limits the number of positions.
        batch: R rows.
        max_new_tokens: What the user allows; None for the longest answer that could be right for the row's sentence.

    Returns:
        R numbers; none of them depends on another row.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> batch = model.batch(make_examples()[:2])
        >>> row_limits(model, batch, max_new_tokens=5)
        [5, 5]
        >>> row_limits(model, batch) == [length + LENGTH_MARGIN for length in longest_answers(model, batch.examples)]
        True
    """
    if max_new_tokens is not None:
        limits: list[float] = [max_new_tokens] * batch.num_rows
    else:
        limits = [length + LENGTH_MARGIN for length in longest_answers(model, batch.row_examples)]
    room = positions_left(model, batch)
    most = inf if batch.length_limit is None else batch.length_limit
    return [int(min(limit, max(1, left), most)) for limit, left in zip(limits, room, strict=True)]


def positions_left(model: TextModel, batch: Batch) -> list[float]:
    """Tokens that fit into the network's positions for each row's answer; infinity if it sets no limit.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> t5, llama = tiny_model("seq2seq"), tiny_model("causal")
        >>> positions_left(t5, t5.batch(make_examples()[:1]))
        [inf]
        >>> batch = llama.batch(make_examples()[:1])
        >>> positions_left(llama, batch)[0] + batch.prompt_lengths[0] == llama.network.config.max_position_embeddings
        True
    """
    positions = positions_of(model.network.config).answer
    if positions is None:
        return [inf] * batch.num_rows
    if kind_of(model.network.config) is Kind.SEQ2SEQ:
        return [positions - 1] * batch.num_rows
    return [positions - length for length in batch.prompt_lengths]


def longest_answers(model: TextModel, examples: Sequence[Example]) -> list[int]:
    """Tokens of the longest answer that could be right for each of some examples.

    That is the format's own `longest_answer`; or every word with its longest tag; or, for a format that does not write
    every word, the sentence itself, twice.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> model, example = tiny_model("causal"), make_examples()[1]
        >>> text = model.format.draft(example, ["B-person"])
        >>> longest_answers(model, [example]) == [len(model.tokenizer(text, add_special_tokens=False)["input_ids"])]
        True
    """
    boundaries = model.format.boundaries
    texts: list[str] = []
    for example in examples:
        text = model.format.longest_answer(example)
        if text is None:
            mark = _longest_mark(model.tokenizer, example.types, boundaries)
            text = model.format.draft_marks(example, [mark] * len(example.words))
        texts.append(text if text is not None else " ".join(example.words * 2))
    return [len(ids) for ids in model.tokenizer(texts, add_special_tokens=False)["input_ids"]]


@lru_cache(maxsize=64)
def _longest_mark(tokenizer: PreTrainedTokenizerBase, types: tuple[str, ...], boundaries: Boundaries) -> str:
    """The one that takes most tokens as answers have it, which need not be the one with most letters."""
    marks = marks_of(types, boundaries)
    written = tokenizer([spell(mark, boundaries) for mark in marks], add_special_tokens=False)["input_ids"]
    return max(zip(map(len, written), marks, strict=True))[1]


class RowLimits(StoppingCriteria):
    """Ends each row of Hugging Face's ``generate`` at its own limit, and those that loop, if the batch asks for it.

    Args:
        batch: R rows.
        limits: Most tokens of each row's answer.
        start: Tokens before an answer, padding included.
    """

    def __init__(self, batch: Batch, limits: Sequence[int], start: int) -> None:
        self._limits = torch.tensor(limits)
        self._start = start
        self._may_loop = [batch.stops_loops and not repeats_itself(example) for example in batch.row_examples]

    def __call__(self, input_ids: Tensor, scores: object, **more: object) -> Tensor:
        """Whether each row is at its end; beams and samples of a row are rows of their own, one after the other."""
        num_written = input_ids.shape[1] - self._start
        copies = input_ids.shape[0] // len(self._limits)
        is_done = (num_written >= self._limits).repeat_interleave(copies)
        if any(self._may_loop) and num_written >= _LOOP_TOKENS and num_written % LOOKS_EVERY == 0:
            tails = input_ids[:, -_LOOP_TOKENS:].tolist()
            for row, tail in enumerate(tails):
                if self._may_loop[row // copies] and _is_loop(tail):
                    is_done[row] = True
        return is_done.to(input_ids.device)


def end_of_loop(tokens: Sequence[int], num_known: int = 0) -> int | None:
    """Where an answer that does nothing but repeat itself is ended, or None for one that does not.

    Args:
        tokens: What was written.
        num_known: How many of them were looked at before.

    Returns:
        The least multiple of 16 at which the last 96 tokens are one sequence of at most 24, over and over, or no more
        than 6 different ones.

    Example:
        >>> end_of_loop([1, 2] * 100), end_of_loop(list(range(200)))
        (96, None)
    """
    first = max(_LOOP_TOKENS, num_known + 1)
    first += -first % LOOKS_EVERY
    looks = range(first, len(tokens) + 1, LOOKS_EVERY)
    return next((end for end in looks if _is_loop(tokens[end - _LOOP_TOKENS : end])), None)


def _is_loop(tail: Sequence[int]) -> bool:
    return len(set(tail)) <= _FEW_TOKENS or _repeats(tail, _LONGEST_PERIOD)


def repeats_itself(example: Example) -> bool:
    """Whether a sentence has a part that a right answer to would look like a loop.

    Example:
        >>> chant = Example(("row", "your", "boat") * 4, ("O",) * 12, ("person",), "toy", "0")
        >>> repeats_itself(chant), repeats_itself(Example(chant.words[:11], chant.tags[:11], (), "toy", "0"))
        (True, False)
    """
    words = example.words
    starts = range(len(words) - _REPEATED_WORDS + 1)
    parts = (words[start : start + _REPEATED_WORDS] for start in starts)
    return any(len(set(part)) <= _FEW_WORDS or _repeats(part, _REPEATED_WORDS // 2) for part in parts)


def _repeats(sequence: Sequence[object], longest_period: int) -> bool:
    """Whether a sequence is a shorter one over and over."""
    return any(sequence[period:] == sequence[:-period] for period in range(1, longest_period + 1))
