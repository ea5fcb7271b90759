"""Many prompts through the model, few at a time."""

from __future__ import annotations

import gc
import logging
from collections import deque
from collections.abc import Sequence

import torch

from gner.data.collate import Collator
from gner.decoding import DecodingStrategy
from gner.errors import UserError
from gner.interfaces import TextModel
from gner.records import Example, Generation

_log = logging.getLogger("gner")


class BatchDecoder:
    """Decodes examples in batches of similar length; once memory did not suffice, in smaller ones from there on.

    Args:
        model: Network, tokenizer and format; the network is in evaluation mode and on its device.
        collate: Makes batches.
        device: Where batches go.
        batch_size: Most prompts of a batch.
        batch_tokens: Most tokens of a batch, padding included; a longer prompt comes alone.

    Attributes:
        num_halved: How often a batch did not fit into memory.
    """

    def __init__(
        self, model: TextModel, collate: Collator, device: torch.device, *, batch_size: int, batch_tokens: int
    ) -> None:
        for name, value in (("batch_size", batch_size), ("batch_tokens", batch_tokens)):
            if value < 1:
                raise UserError(f"Expected `{name}` >= 1, got {value}.")
        self._model = model
        self._collate = collate
        self._device = device
        self._batch_size = batch_size
        self._batch_tokens = batch_tokens
        self.num_halved = 0

    def __call__(
        self, examples: Sequence[Example], sizes: Sequence[int], strategy: DecodingStrategy
    ) -> list[Generation]:
        """Write an answer for each example.

        Args:
            examples: Whose prompts are read.
            sizes: About how many tokens each one's prompt and answer have together.
            strategy: How.

        Returns:
            Generations in the order of the examples.

        Raises:
            UserError: A single prompt needs more memory than there is.
        """
        found: dict[int, Generation] = {}
        waiting = deque(sorted(range(len(sizes)), key=lambda row: -sizes[row]))
        while waiting:
            longest = max(1, sizes[waiting[0]])  # the others are padded to its size
            num_rows = max(1, min(self._batch_size, self._batch_tokens // longest, len(waiting)))
            rows = [waiting.popleft() for _ in range(num_rows)]
            generations = self._decode([examples[row] for row in rows], strategy)
            if generations is not None:
                found.update(zip(rows, generations, strict=True))
            else:
                self._shrink(num_rows, longest)
                waiting.extendleft(reversed(rows))
        return [found[row] for row in range(len(examples))]

    def _decode(self, examples: list[Example], strategy: DecodingStrategy) -> list[Generation] | None:
        """Generations, or None if memory did not suffice; by then what was computed is gone."""
        num = len(examples)
        try:
            with torch.inference_mode():
                batch = self._collate(examples, list(range(num)), [True] * num, decode=True).to(self._device)
                return strategy.generate(self._model, batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    def _shrink(self, num_rows: int, size: int) -> None:
        if num_rows == 1:
            raise UserError(
                f"A prompt of about {size:,} tokens with its answer needs more memory than there is, alone. Lower "
                "`max_tokens`, choose a smaller model or a `dtype` of 16 bits, or a device with more memory."
            )
        self.num_halved += 1
        self._batch_size = min(self._batch_size, max(1, num_rows // 2))
        self._batch_tokens = min(self._batch_tokens, max(1, num_rows * size // 2))
        _log.warning("Out of memory with %d prompts of up to %d tokens; going on with half of them.", num_rows, size)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device, or the machine, has no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    message = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        sign in message for sign in ("out of memory", "can't allocate memory", "not enough memory")
    )
