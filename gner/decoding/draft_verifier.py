"""Who verifies drafts with a network: rows are packed where its attention allows it, and padded elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from transformers import PreTrainedModel

from gner.decoding.packed_attention import why_no_packing
from gner.decoding.packed_verifier import PackedVerifier, idle_packed
from gner.decoding.verifier import Verifier, idle_padded
from gner.interfaces import Batch


class DraftVerifier(Protocol):
    """What `Verifier` and `PackedVerifier` have in common.

    Attributes:
        most_places: How many drafted tokens a pass may verify.
    """

    most_places: int

    def check(self, drafts: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[list[float]]]:
        """Verify a draft for each row."""

    def keep(self, rows: Sequence[int], agreed: Sequence[int], last: Sequence[int]) -> None:
        """Go on with some rows."""

    def split(self, num_rows: int) -> Any:
        """Take the first rows out."""

    def join(self, other: Any) -> None:
        """Take in the rows of another one that is for the same network."""


def verifier_for(network: PreTrainedModel, batch: Batch) -> DraftVerifier:
    """One that has read nothing.

    Args:
        network: One of which `gner.decoding.forward_pass.why_no_drafts` says nothing.
        batch: R rows.

    Example:
        >>> from gner.testing import make_examples, tiny_model
        >>> models = tiny_model("causal"), tiny_model("seq2seq")
        >>> [type(verifier_for(model.network, model.batch(make_examples()))).__name__ for model in models]
        ['PackedVerifier', 'Verifier']
    """
    return PackedVerifier(network, batch) if why_no_packing(network) is None else Verifier(network, batch)


def idle(network: PreTrainedModel) -> None:
    """Run a network for nothing, as other processes need its weights, as often as a verifier does for a pass.

    Example:
        >>> import torch
        >>> from gner.testing import tiny_model
        >>> with torch.inference_mode():
        ...     idle(tiny_model("causal").network)
    """
    if why_no_packing(network) is None:
        idle_packed(network)
    else:
        idle_padded(network)
