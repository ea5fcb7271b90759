"""Runs many examples through a predictor, in batches that fit into memory."""

from __future__ import annotations

import gc
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from gner.data.batch_maker import BatchMaker
from gner.errors import UserError
from gner.interfaces import Batch
from gner.records import Example, Prediction
from gner.sessions import Predictor

_log = logging.getLogger("gner")


class ExampleSize(NamedTuple):
    """About how large an example is: the tokens of its longest row with the answer, and its rows."""

    num_tokens: int
    num_rows: int = 1


class _Part(NamedTuple):
    """A batch to be made: places of its examples, tokens of the longest row, and rows at a time, of at most so many."""

    places: list[int]
    num_tokens: int
    num_rows: int
    most_rows: int


class TorchEngine:
    """Predicts examples in batches of similar length; once memory did not suffice, in smaller ones from there on.

    Args:
        collate: Makes batches.
        device: Where batches go.
        batch_size: Most prompts of a batch, which are rows; an example with more comes alone, and is written in several
            goes where its types are asked for one by one.
        batch_tokens: Most tokens of a batch, padding included; a longer example comes alone.

    Attributes:
        num_halved: How often a batch did not fit into memory.
    """

    def __init__(self, collate: BatchMaker, device: torch.device, *, batch_size: int, batch_tokens: int) -> None:
        for name, value in (("batch_size", batch_size), ("batch_tokens", batch_tokens)):
            if value < 1:
                raise UserError(f"Expected `{name}` >= 1, got {value}.")
        self._collate = collate
        self._device = device
        self._batch_size = batch_size
        self._batch_tokens = batch_tokens
        self.num_halved = 0

    def __call__(
        self, examples: Sequence[Example], sizes: Sequence[ExampleSize], predictor: Predictor
    ) -> list[Prediction]:
        """Predict each example.

        Args:
            examples: Whose prompts are read.
            sizes: About how large each of them is.
            predictor: What predicts a batch.

        Returns:
            Predictions in the order of the examples.

        Raises:
            UserError: A single example needs more memory than there is.
        """
        found: dict[int, Prediction] = {}
        while len(found) < len(examples):
            left = [place for place in range(len(examples)) if place not in found]
            tried: list[_Part] = []
            try:
                with torch.inference_mode():
                    for place, prediction in self._predict(examples, self._divide(left, sizes), predictor, tried):
                        found[place] = prediction
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            if len(found) < len(examples):  # what was computed is gone by now
                self._release()
                self._shrink(tried)
        return [found[place] for place in range(len(examples))]

    def _divide(self, places: Sequence[int], sizes: Sequence[ExampleSize]) -> list[_Part]:
        """Examples in batches of similar length, the longest first."""
        parts: list[_Part] = []
        waiting = deque(sorted(places, key=lambda place: -sizes[place].num_tokens))
        while waiting:
            longest = max(1, sizes[waiting[0]].num_tokens)  # the others are padded to its size
            room = min(self._batch_size, self._batch_tokens // longest)
            chosen = [waiting.popleft()]
            num_rows = sizes[chosen[0]].num_rows
            while waiting and num_rows + sizes[waiting[0]].num_rows <= room:
                chosen.append(waiting.popleft())
                num_rows += sizes[chosen[-1]].num_rows
            most_rows = max(1, room)
            parts.append(_Part(chosen, longest, num_rows if len(chosen) > 1 else min(num_rows, most_rows), most_rows))
        return parts

    def _predict(
        self, examples: Sequence[Example], parts: Sequence[_Part], predictor: Predictor, tried: list[_Part]
    ) -> Iterator[tuple[int, Prediction]]:
        """Predictions with the places of their examples; ``tried`` gets the parts that were begun."""
        session = predictor.session()
        places: dict[Batch, list[int]] = {}
        for part in parts:
            tried.append(part)
            batch = self._collate.for_decoding([examples[place] for place in part.places]).to(self._device)
            batch.most_rows = part.most_rows
            places[batch] = part.places
            for one in session.add(batch):
                yield places[one.batch][one.place], one.result
        for one in session.finish():
            yield places[one.batch][one.place], one.result

    def _release(self) -> None:
        """Give unused memory back to the device."""
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _shrink(self, tried: Sequence[_Part]) -> None:
        """Make batches half as large; those that were tried were too many rows at a time."""
        num_rows = max(part.num_rows for part in tried)
        size = max(part.num_tokens for part in tried)
        if num_rows <= 1:
            raise UserError(
                f"A prompt of about {size:,} tokens with its answer does not fit in memory even as a batch of one. "
                "Lower `max_tokens`, choose a smaller model or a `dtype` of 16 bits, or a device with more memory."
            )
        self.num_halved += 1
        most_tokens = max(part.num_rows * part.num_tokens for part in tried)
        self._batch_size = min(self._batch_size, max(1, num_rows // 2))
        self._batch_tokens = min(self._batch_tokens, max(1, most_tokens // 2))
        _log.warning("Out of memory with %d prompts of up to %d tokens; retrying with half of them.", num_rows, size)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device, or the machine, has no memory left.

    Example:
        >>> is_out_of_memory(RuntimeError("CUDA out of memory")), is_out_of_memory(RuntimeError("shape mismatch"))
        (True, False)
    """
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    message = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        sign in message for sign in ("out of memory", "can't allocate memory", "not enough memory")
    )
