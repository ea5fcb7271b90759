"""Beam search by Hugging Face's ``generate``."""

from __future__ import annotations

from typing import Any

from gner.decoding.huggingface import HuggingFaceStrategy
from gner.errors import UserError


class HuggingFaceBeams(HuggingFaceStrategy):
    """Beam search token by token; `gner.decoding.BeamSearch` finds the same in fewer forward passes.

    Args:
        num_beams: Width.
        length_penalty: Exponent of the length that a beam's log-probability is divided by.
        max_new_tokens: Where generation stops at the latest; null takes it from the sentences.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> model, strategy = tiny_model("seq2seq"), HuggingFaceBeams(num_beams=2, max_new_tokens=5)
        >>> with torch.inference_mode():
        ...     written = strategy.generate(model, model.batch(make_examples()[:3]))
        >>> len(written), max(len(generation.token_ids) for generation in written)
        (3, 5)
    """

    def __init__(self, num_beams: int = 4, length_penalty: float = 1.0, max_new_tokens: int | None = None) -> None:
        super().__init__(max_new_tokens)
        if num_beams < 1:
            raise UserError(f"Expected `num_beams` >= 1, got {num_beams}. Set model.decoding.init_args.num_beams.")
        self.num_beams = num_beams
        self.length_penalty = length_penalty

    @property
    def num_sequences(self) -> int:
        """The beams."""
        return self.num_beams

    def options(self) -> dict[str, Any]:
        """Beams without sampling; a search ends when no open beam can beat the finished ones."""
        options: dict[str, Any] = {"num_beams": self.num_beams, "do_sample": False}
        if self.num_beams > 1:
            options |= {"length_penalty": self.length_penalty, "early_stopping": False}
        return options
