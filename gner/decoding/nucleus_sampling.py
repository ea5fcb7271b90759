"""Nucleus sampling."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from math import inf
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList, TemperatureLogitsWarper, TopPLogitsWarper

from gner.decoding.huggingface import HuggingFaceStrategy
from gner.decoding.limits import row_limits
from gner.decoding.vote import vote
from gner.errors import UserError
from gner.interfaces import Batch, TextModel
from gner.records import Generation


class NucleusSampling(HuggingFaceStrategy):
    """Samples from the smallest set of tokens that has probability ``top_p`` (Holtzman et al., 2020).

    Several samples of an example vote for the tag of each word (self-consistency, Wang et al., 2023, arXiv 2203.11171).
    The answer is then the text for the tags that won, and the score of an entity is the share of samples that have it.

    Args:
        top_p: Probability of the set.
        temperature: Divides the logits first; below 1 sharpens.
        num_samples: Texts for each row.
        seed: What is drawn for a text depends on it, on the prompt and on nothing else: not on the texts beside it, nor
            on the run's own random state.
        max_new_tokens: Where generation stops at the latest; null takes it from the sentences.

    Example:
        >>> import torch
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> batch = model.batch(make_examples()[:2])
        >>> with torch.inference_mode():
        ...     once, again, other = [
        ...         NucleusSampling(seed=seed, max_new_tokens=8).write(model, batch) for seed in (1, 1, 2)
        ...     ]
        >>> once == again, once == other
        (True, False)
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
        """Of a search for the best token; `RowSampler` leaves one only."""
        return {"num_beams": 1, "do_sample": False}

    def processors(self, batch: Batch, limits: Sequence[int]) -> LogitsProcessorList:
        """Temperature, nucleus, and the draw."""
        return LogitsProcessorList(
            [
                TemperatureLogitsWarper(self.temperature),
                TopPLogitsWarper(self.top_p),
                RowSampler(self._draws(batch, max(limits))),
            ]
        )

    def _draws(self, batch: Batch, length: int) -> Tensor:
        """Numbers from 0 to 1 for each token of each text, which depend on seed, prompt and sample only, (R, T)."""
        rows = []
        masks = batch.prompt_mask.bool()
        for row in range(batch.num_rows):
            prompt = batch.prompt_ids[row][masks[row]].tolist()
            content = f"{self.seed} {row % self.num_samples} {prompt}".encode()
            generator = torch.Generator().manual_seed(int.from_bytes(blake2b(content, digest_size=7).digest()))
            rows.append(torch.rand(length, generator=generator, dtype=torch.float64))
        return torch.stack(rows).to(batch.prompt_ids.device)

    def write(self, model: TextModel, batch: Batch) -> list[list[int]]:
        """Token ids of the samples, those of a row together."""
        return super().write(model, batch.repeated(self.num_samples))

    def generate(self, model: TextModel, batch: Batch) -> list[Generation]:
        """Write one answer per row; see the base class.

        Raises:
            UserError: There is a vote, and the format has no text for tags.
        """
        if self.num_samples == 1:
            return super().generate(model, batch)
        return vote(model, batch, self.write(model, batch), row_limits(model, batch, self.max_new_tokens))


class RowSampler(LogitsProcessor):
    """Draws a token for each row by a number of its own, and leaves nothing else to choose.

    ``generate`` draws for all rows at once, so that what a row gets depends on those before it.

    Args:
        draws: Numbers from 0 to 1, for each row and token, (R, T).

    Example:
        >>> logits = torch.tensor([[0.9, 0.1], [0.9, 0.1]]).log()
        >>> draw = RowSampler(torch.tensor([[0.5], [0.95]]))
        >>> draw(torch.tensor([[7], [7]]), logits)
        tensor([[0., -inf],
                [-inf, 0.]])
    """

    def __init__(self, draws: Tensor) -> None:
        self._draws = draws
        self._step = 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Logits of 0 for what is drawn, and of minus infinity for the rest, (R, V)."""
        total = scores.float().softmax(-1).double().cumsum(-1)
        draw = self._draws[:, self._step : self._step + 1] * total[:, -1:]
        self._step += 1
        chosen = torch.searchsorted(total, draw, right=True).clamp(max=scores.shape[-1] - 1)
        return torch.full_like(scores, -inf).scatter(1, chosen, 0.0)
