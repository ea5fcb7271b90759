"""Runs many examples through a predictor, in batches that fit into memory."""

from __future__ import annotations

import gc
import logging
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import torch

from gner.data.batch_maker import BatchMaker
from gner.errors import UserError
from gner.interfaces import Predictor
from gner.records import Example, Prediction

_log = logging.getLogger("gner")


class ExampleSize(NamedTuple):
    """About how large an example is: the tokens of its longest row with the answer, and its rows."""

    num_tokens: int
    num_rows: int = 1


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
        waiting = deque(sorted(range(len(sizes)), key=lambda place: -sizes[place].num_tokens))
        while waiting:
            longest = max(1, sizes[waiting[0]].num_tokens)  # the others are padded to its size
            room = min(self._batch_size, self._batch_tokens // longest)
            places = [waiting.popleft()]
            num_rows = sizes[places[0]].num_rows
            while waiting and num_rows + sizes[waiting[0]].num_rows <= room:
                places.append(waiting.popleft())
                num_rows += sizes[places[-1]].num_rows
            predictions = self._predict([examples[place] for place in places], predictor, max(1, room))
            if predictions is not None:
                found.update(zip(places, predictions, strict=True))
            else:
                self._shrink(num_rows if len(places) > 1 else min(num_rows, room), longest)
                waiting.extendleft(reversed(places))
        return [found[place] for place in range(len(examples))]

    def _predict(self, examples: list[Example], predictor: Predictor, most_rows: int) -> list[Prediction] | None:
        """Predictions, or None if memory did not suffice; by then what was computed is gone."""
        try:
            with torch.inference_mode():
                batch = self._collate.for_decoding(examples).to(self._device)
                batch.most_rows = most_rows
                return predictor.predict(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    def _shrink(self, num_rows: int, size: int) -> None:
        """Make batches half as large; ``num_rows`` rows at a time were too many."""
        if num_rows <= 1:
            raise UserError(
                f"A prompt of about {size:,} tokens with its answer does not fit in memory even as a batch of one. "
                "Lower `max_tokens`, choose a smaller model or a `dtype` of 16 bits, or a device with more memory."
            )
        self.num_halved += 1
        self._batch_size = min(self._batch_size, max(1, num_rows // 2))
        self._batch_tokens = min(self._batch_tokens, max(1, num_rows * size // 2))
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
