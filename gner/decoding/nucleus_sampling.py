"""Nucleus sampling."""

from __future__ import annotations

from typing import Any

import torch

from gner.decoding.huggingface import HuggingFaceStrategy
from gner.decoding.vote import vote
from gner.errors import UserError
from gner.types import Batch, Generation, TextModel


class NucleusSampling(HuggingFaceStrategy):
    """Samples from the smallest set of tokens that has probability ``top_p`` (Holtzman et al., 2020).

    Several samples of an example vote for the tag of each word (self-consistency, Wang et al., 2023, arXiv 2203.11171).
    The answer is then the text for the tags that won, and the score of an entity is the share of samples that have it.

    Args:
        top_p: Probability of the set.
        temperature: Divides the logits first; below 1 sharpens.
        num_samples: Texts for each example.
        seed: Sampling starts from it for every batch, and leaves the run's own random state alone.
        max_new_tokens: Where generation stops at the latest; null takes it from the sentences.
    """

    def __init__(
        self,
        top_p: float = 0.9,
        temperature: float = 1.0,
        *,
        num_samples: int = 1,
        seed: int = 0,
        max_new_tokens: int | None = None,
    ) -> None:
        super().__init__(max_new_tokens)
        if not 0 < top_p <= 1:
            raise UserError(f"Expected 0 < `top_p` <= 1, got {top_p}. Set model.decoding.init_args.top_p.")
        if temperature <= 0:
            raise UserError(
                f"Expected `temperature` > 0, got {temperature}. Set model.decoding.init_args.temperature, or choose "
                "Greedy."
            )
        if num_samples < 1:
            raise UserError(
                f"Expected `num_samples` >= 1, got {num_samples}. Set model.decoding.init_args.num_samples."
            )
        self.top_p = top_p
        self.temperature = temperature
        self.num_samples = num_samples
        self.seed = seed

    @property
    def num_sequences(self) -> int:
        """The samples."""
        return self.num_samples

    def options(self) -> dict[str, Any]:
        """Sampling, with several samples per prompt."""
        return {
            "do_sample": True,
            "top_p": self.top_p,
            "temperature": self.temperature,
            "top_k": 0,
            "num_return_sequences": self.num_samples,
        }

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per example; see the base class.

        Raises:
            UserError: There is a vote, and the format has no text for tags.
        """
        device = batch.prompt_ids.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(self.seed)
            if self.num_samples == 1:
                return super().generate(model, batch)
            return vote(model, batch, self.write(model, batch), self.num_samples)
