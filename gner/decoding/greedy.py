"""Greedy search."""

from __future__ import annotations

from typing import Any

from gner.decoding.huggingface import HuggingFaceStrategy


class Greedy(HuggingFaceStrategy):
    """The most probable token at every step; the paper's headline results use it."""

    def options(self) -> dict[str, Any]:
        """One beam and no sampling."""
        return {"num_beams": 1, "do_sample": False}
