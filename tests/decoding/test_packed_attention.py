"""Attention finds the keys of each row among those of all."""

import pytest
import torch

from gner.decoding.packed_attention import PackedPass, why_no_packing
from gner.decoding.token_store import TokenStore
from gner.testing import tiny_model
from tests.decoding.networks import ARCHITECTURES, with_architecture, with_network

pytestmark = pytest.mark.usefixtures("no_gradients")
CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_networks_that_let_their_attention_be_replaced_pack(name: str) -> None:
    assert why_no_packing(with_architecture(tiny_model("causal"), name).network) is None
    assert "attention" in (why_no_packing(with_architecture(tiny_model("causal"), name, "eager").network) or "")


def test_others_are_padded() -> None:
    assert why_no_packing(with_network(tiny_model("causal"), "bloom").network) is not None
    network = tiny_model("causal").network
    network.config.kv_lora_rank = 8  # as DeepSeek's
    assert "something else than the keys and values" in (why_no_packing(network) or "")


def test_positions_go_on_in_each_row() -> None:
    store = TokenStore()
    store.put(0, torch.zeros(5, 1, 2), torch.zeros(5, 1, 2))
    store.grow(5)
    packed = PackedPass(store, [torch.tensor([0, 4, 2]).numpy(), torch.tensor([1]).numpy()], [1, 3], CPU)
    assert packed.positions.tolist() == [[3, 1, 2, 3]]


@pytest.mark.parametrize("name", ["llama", "mistral"])
def test_each_row_is_read_as_by_itself(name: str) -> None:
    network = with_architecture(tiny_model("causal"), name).network
    torch.manual_seed(0)
    rows = [torch.randint(0, 40, (size,)) for size in (5, 17, 1)]
    store = TokenStore()
    packed = PackedPass(store, [torch.zeros(0, dtype=torch.long).numpy()] * 3, [len(row) for row in rows], CPU)
    with packed.attended(network):
        found = network(torch.cat(rows)[None], position_ids=packed.positions, use_cache=False).logits[0]
    expected = torch.cat([network(row[None]).logits[0] for row in rows])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert store.num_slots == 23


def test_a_network_is_left_as_it_was() -> None:
    network = tiny_model("causal").network
    before = network(torch.tensor([[5, 6, 7]])).logits
    packed = PackedPass(TokenStore(), [torch.zeros(0, dtype=torch.long).numpy()], [3], CPU)
    with pytest.raises(RuntimeError, match="stop"), packed.attended(network):
        raise RuntimeError("stop")
    assert torch.equal(network(torch.tensor([[5, 6, 7]])).logits, before)
