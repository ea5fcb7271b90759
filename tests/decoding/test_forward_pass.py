"""What a network takes in a pass, and how far it counts."""

from typing import Any

import pytest
from transformers import AutoConfig

from gner.decoding.forward_pass import positions_of


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
