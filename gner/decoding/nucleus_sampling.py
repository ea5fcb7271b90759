"""Nucleus sampling."""

from __future__ import annotations

from typing import Any

import torch

from gner.decoding.huggingface import HuggingFaceStrategy
from gner.errors import UserError
from gner.types import Batch, Generation, TextModel


class NucleusSampling(HuggingFaceStrategy):
    """Samples from the smallest set of tokens that has probability ``top_p`` (Holtzman et al., 2020).

    Args:
        top_p: Probability of the set.
        temperature: Divides the logits first; below 1 sharpens.
        seed: Sampling starts from it for every batch, and leaves the run's own random state alone.
        max_new_tokens: Where generation stops at the latest; null takes it from the sentences.
    """

    def __init__(
        self, top_p: float = 0.9, temperature: float = 1.0, seed: int = 0, max_new_tokens: int | None = None
    ) -> None:
        super().__init__(max_new_tokens)
        if not 0 < top_p <= 1:
            raise UserError(f"Expected 0 < `top_p` <= 1, got {top_p}. Set model.decoding.init_args.top_p.")
        if temperature <= 0:
            raise UserError(
                f"Expected `temperature` > 0, got {temperature}. Set model.decoding.init_args.temperature, or choose "
                "Greedy."
            )
        self.top_p = top_p
        self.temperature = temperature
        self.seed = seed

    def options(self) -> dict[str, Any]:
        """Sampling with one sample per prompt."""
        return {"do_sample": True, "top_p": self.top_p, "temperature": self.temperature, "top_k": 0}

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per example; see the base class."""
        device = batch.prompt_ids.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(self.seed)
            return super().generate(model, batch)
