"""Greedy search."""

from __future__ import annotations

from typing import Any

from gner.decoding.huggingface import HuggingFaceStrategy


class Greedy(HuggingFaceStrategy):
    """The most probable token at every step; the paper's headline results use it.

    Example:
        >>> import torch
        >>> from gner.decoding import BeamSearch
        >>> from gner.testing import make_examples, tiny_model
        >>> model = tiny_model("causal")
        >>> with torch.inference_mode():
        ...     [one] = Greedy(max_new_tokens=8).generate(model, model.batch(make_examples()[:1]))
        ...     [other] = BeamSearch(1, max_new_tokens=8).generate(model, model.batch(make_examples()[:1]))
        >>> one.token_ids == other.token_ids, len(one.token_ids) == len(one.token_log_probs)
        (True, True)
    """

    def options(self) -> dict[str, Any]:
        """One beam and no sampling."""
        return {"num_beams": 1, "do_sample": False}
