"""What a network takes in a pass, and how far it counts."""

from typing import Any

import pytest
import torch
from transformers import AutoConfig

from gner.decoding.forward_pass import Lockstep, causal_inputs, positions_of, why_no_drafts
from gner.interfaces import Kind
from gner.testing import tiny_model
from tests.decoding.networks import NETWORKS, with_network


@pytest.mark.parametrize(
    ("model_type", "settings", "prompt", "answer"),
    [
        ("llama", {"max_position_embeddings": 77}, 77, 77),
        ("gpt2", {"n_positions": 77}, 77, 77),
        ("t5", {}, None, None),
        ("led", {"max_encoder_position_embeddings": 99, "max_decoder_position_embeddings": 33}, 99, 33),
        ("gemma3", {"text_config": {"model_type": "gemma3_text", "max_position_embeddings": 55}}, 55, 55),
        (
            "t5gemma",
            {"encoder": {"max_position_embeddings": 44}, "decoder": {"max_position_embeddings": 22}},
            44,
            22,
        ),
    ],
)
def test_position_limits_are_those_of_encoder_and_decoder(
    model_type: str, settings: dict[str, Any], prompt: int | None, answer: int | None
) -> None:
    assert positions_of(AutoConfig.for_model(model_type, **settings)) == (prompt, answer)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("t5", None), ("llama", None), ("gpt2", None), ("bart", "counts positions"), ("bloom", "takes no position ids")],
)
def test_drafts_need_positions_that_may_differ_between_rows(name: str, reason: str | None) -> None:
    model = tiny_model({"t5": Kind.SEQ2SEQ, "llama": Kind.CAUSAL}.get(name) or NETWORKS[name])
    model = with_network(model, name) if name in NETWORKS else model
    found = why_no_drafts(model.network)
    assert found is None if reason is None else reason in str(found)


def test_positions_of_a_row_count_its_tokens_and_not_its_padding() -> None:
    network = tiny_model("causal").network
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    inputs = causal_inputs(network, torch.tensor([[7, 8], [7, 8]]), mask, num_logits=1)
    assert inputs["position_ids"].tolist() == [[1, 2], [3, 4]]
    assert inputs["logits_to_keep"] == 1


def test_a_process_alone_goes_on_while_it_is_busy() -> None:
    lockstep = Lockstep(tiny_model("causal").network)
    assert [lockstep.goes_on(is_busy) for is_busy in (True, False)] == [True, False]
