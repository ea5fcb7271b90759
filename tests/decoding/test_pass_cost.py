"""What a token costs beside others depends on the network and on how many rows share a pass."""

import pytest
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from gner.decoding import pass_cost
from gner.decoding.pass_cost import PassCost
from gner.testing import tiny_model


def _network(width: int) -> PreTrainedModel:
    sizes = {"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 2, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(**sizes, vocab_size=100))


@pytest.mark.parametrize("kind", ["causal", "seq2seq"])
def test_the_more_rows_share_a_pass_the_dearer_is_a_token_beside_it(kind: str) -> None:
    shares = [PassCost(tiny_model(kind).network).token_share(rows) for rows in (1, 4, 16, 64, 10_000)]
    assert shares == sorted(shares)
    assert all(0 < share < 1 for share in shares)


def test_tokens_of_larger_networks_are_dearer() -> None:
    assert PassCost(_network(256)).token_share(16) > 2 * PassCost(_network(32)).token_share(16)


def test_beside_gathering_weights_a_token_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pass_cost, "is_sharded", lambda network: True)
    assert PassCost(_network(256)).token_share(64) == 0
