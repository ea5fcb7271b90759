"""A network's head over chunks of states gives its own logits, with little memory."""

from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, T5Config, T5ForConditionalGeneration

from gner.decoding import Constrained, Speculative, head
from gner.decoding.head import head_logits, log_probs_of, logits_in_chunks, run_decoder
from gner.interfaces import Kind
from gner.testing import make_examples, tiny_model
from tests.conftest import KINDS
from tests.decoding.networks import NETWORKS, with_network

pytestmark = pytest.mark.usefixtures("no_gradients")
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
CAUSAL: dict[str, dict[str, Any]] = {
    "llama": {},
    "gemma2": {"final_logit_softcapping": 0.5, "head_dim": 8, "num_key_value_heads": 1},
    "gemma3_text": {"final_logit_softcapping": 0.5, "head_dim": 8, "num_key_value_heads": 1},
    "cohere": {"logit_scale": 0.25},
    "granite": {"logits_scaling": 3.0},
    "qwen3": {"head_dim": 8},
    "opt": {"word_embed_proj_dim": 8, "ffn_dim": 32},
}


def _network(model_type: str) -> PreTrainedModel:
    torch.manual_seed(0)
    extra = {"num_key_value_heads": 2, "initializer_range": 0.5, "pad_token_id": 0, **CAUSAL[model_type]}
    config = AutoConfig.for_model(model_type, vocab_size=50, **{**SIZES, **extra})
    network: PreTrainedModel = AutoModelForCausalLM.from_config(config).eval()
    return network


@pytest.mark.parametrize("model_type", CAUSAL)
def test_logits_of_states_are_the_networks_own(model_type: str) -> None:
    network, inputs = _network(model_type), {"input_ids": torch.tensor([[5, 6, 7], [8, 9, 10]])}
    states, output = run_decoder(network, {**inputs, "use_cache": True})
    assert output.logits.shape[:2] == (1, 1), "the head must not see other places"
    expected = network(**inputs)
    torch.testing.assert_close(head_logits(network, states.flatten(0, 1)), expected.logits.flatten(0, 1))
    assert output.past_key_values.get_seq_length() == 3


@pytest.mark.parametrize("is_tied", [True, False])
def test_a_seq2seq_head_scales_states_once(is_tied: bool) -> None:
    torch.manual_seed(0)
    sizes = {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2, "vocab_size": 50}
    network = T5ForConditionalGeneration(T5Config(**sizes, tie_word_embeddings=is_tied)).eval()
    inputs = {"input_ids": torch.tensor([[5, 6, 7]]), "decoder_input_ids": torch.tensor([[0, 8, 9]])}
    states, output = run_decoder(network, inputs)
    torch.testing.assert_close(head_logits(network, states[0]), network(**inputs).logits[0])
    assert output.encoder_last_hidden_state.shape == (1, 3, 16)


@pytest.mark.parametrize("name", NETWORKS)
def test_other_networks_too(name: str) -> None:
    model = with_network(tiny_model(NETWORKS[name]), name)
    tokens = torch.tensor([[5, 6, 7]])
    inputs = {"input_ids": tokens} | ({"decoder_input_ids": tokens} if NETWORKS[name] is Kind.SEQ2SEQ else {})
    states, _ = run_decoder(model.network, inputs)
    torch.testing.assert_close(head_logits(model.network, states[0]), model.network(**inputs).logits[0])


def test_a_network_is_left_as_it_was() -> None:
    network, inputs = tiny_model("causal").network, {"input_ids": torch.tensor([[5, 6, 7]])}
    before = network(**inputs).logits
    states, _ = run_decoder(network, inputs)
    head_logits(network, states[0])
    assert torch.equal(network(**inputs).logits, before)
    assert "forward" not in vars(network.get_decoder())
    assert not network.get_decoder()._forward_hooks


def test_large_vocabularies_are_computed_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny_model("causal").network
    states = torch.randn(10, 16)
    whole = head_logits(network, states)
    monkeypatch.setattr(head, "MOST_LOGITS", 3 * network.config.vocab_size + 1)
    chunks = list(logits_in_chunks(network, states))
    assert [len(chunk) for chunk in chunks] == [3, 3, 3, 1]
    torch.testing.assert_close(torch.cat(chunks), whole)
    values = log_probs_of(network, states, [range(at) for at in range(1, 11)])
    expected = whole.log_softmax(-1)
    for at, row in enumerate(values):
        torch.testing.assert_close(torch.tensor(row), expected[at, : at + 1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [Speculative, Constrained])
def test_a_vocabulary_costs_no_passes(kind: Kind, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(kind)
    results = []
    for most in (2**26, 2 * model.network.config.vocab_size):  # all logits at once, or those of two places
        monkeypatch.setattr(head, "MOST_LOGITS", most)
        strategy = make()
        written = strategy.generate(model, model.batch(make_examples()))
        results.append((strategy.num_passes, [generation.token_ids for generation in written]))
    assert results[0] == results[1]
