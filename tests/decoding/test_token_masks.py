import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from gner.decoding.token_masks import added_mask, pair_masks, why_no_pairs

SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 50}
SEEN = torch.ones(1, 5, 5).tril().bool()
POSITIONS = torch.arange(5)[None]


def _network(model_type: str, **options: object) -> PreTrainedModel:
    network: PreTrainedModel = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(model_type, **{**SIZES, "pad_token_id": 0, **options})
    )
    return network


def test_a_window_is_counted_in_positions_and_not_in_columns() -> None:
    network = _network("mistral", sliding_window=2, num_key_value_heads=1)
    mask = pair_masks(network, SEEN, POSITIONS, POSITIONS)
    assert isinstance(mask, torch.Tensor)
    assert (mask[0, 0] == 0).tolist() == (SEEN[0] & SEEN[0].triu(-1)).tolist()
    same = pair_masks(network, SEEN, *[torch.zeros_like(POSITIONS)] * 2)
    assert torch.equal(same, added_mask(SEEN, network.dtype))  # type: ignore[arg-type]


def test_layers_of_two_kinds_get_a_mask_each() -> None:
    network = _network("gemma3_text", sliding_window=2, head_dim=8, num_key_value_heads=1)
    network.config.layer_types = ["sliding_attention", "full_attention"]
    masks = pair_masks(network, SEEN, POSITIONS, POSITIONS)
    assert isinstance(masks, dict)
    assert {kind: int((mask == 0).sum()) for kind, mask in masks.items()} == {
        "sliding_attention": 9,
        "full_attention": 15,
    }


@pytest.mark.parametrize(
    ("model_type", "options", "reason"),
    [
        ("llama", {}, None),
        ("gpt_neo", {"num_layers": 2, "num_heads": 2, "attention_types": [[["local"], 2]]}, "window_size"),
        ("bloom", {"n_layer": 2, "n_head": 2}, "no position ids"),
    ],
)
def test_other_restrictions_of_attention_are_a_reason(
    model_type: str, options: dict[str, object], reason: str | None
) -> None:
    found = why_no_pairs(_network(model_type, **options))
    assert found is None if reason is None else reason in (found or "")
