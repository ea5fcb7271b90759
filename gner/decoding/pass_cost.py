"""What one token more costs in a pass. See docs/decisions/draft_lengths.md."""

from __future__ import annotations

from itertools import chain

from transformers import PreTrainedModel

from gner.decoding.forward_pass import is_sharded

_FLOPS = {"cpu": 2e11, "cuda": 2e14}
"""A second, of a few cores and of a data center's GPU."""
_BYTES = {"cpu": 2e10, "cuda": 2e12}
"""That are read from memory in a second."""
_SECONDS_A_LAYER, _SECONDS_A_ROW = 4e-4, 1e-4
"""For calling a layer, and for drafting in a row and accepting what was right."""


class PassCost:
    """Estimates what passes over a network cost, from its size and what kind of device it is on.

    Calling the layers and reading the weights costs the same whatever is in a pass; each row costs some work between
    passes, and each token its arithmetic. The rates are rough ones: they decide how fast a text is written, and not
    which.

    Args:
        network: The one that reads drafts.

    Example:
        >>> from gner.testing import tiny_model
        >>> cost = PassCost(tiny_model("causal").network)
        >>> 0 < cost.token_share(1) < cost.token_share(64) < 1
        True
    """

    def __init__(self, network: PreTrainedModel) -> None:
        kind = network.device.type if network.device.type in _FLOPS else "cuda"
        parts = network.get_decoder(), network.get_output_embeddings()
        parameters = set(chain.from_iterable(part.parameters() for part in parts))  # the head's may be the embeddings
        self._of_token = 2 * sum(parameter.numel() for parameter in parameters) / _FLOPS[kind]
        self._of_pass = sum(parameter.nbytes for parameter in parameters) / _BYTES[kind]
        self._of_pass += _SECONDS_A_LAYER * network.config.get_text_config(decoder=True).num_hidden_layers
        self._gathers = is_sharded(network)

    def token_share(self, num_rows: int) -> float:
        """What one token costs, as a share of what it costs with its part of a pass of its own.

        To draft a token that is right saves a row of a later pass; so it is worth it if it is more likely right than
        this. It is 0 where each pass gathers weights, beside which a token costs nothing.

        Args:
            num_rows: How many share a pass.
        """
        of_row = self._of_pass / num_rows + _SECONDS_A_ROW
        return 0.0 if self._gathers else self._of_token / (self._of_token + of_row)
