"""Prompts are encoded once, and rows can be taken out of what is kept of them."""

import pytest
import torch

from gner.decoding.cached_decoder import CachedDecoder, pick_columns
from gner.decoding.forward_pass import answer_starts, causal_inputs
from gner.testing import TinyModel, make_examples, tiny_model

NUM_TOKENS = 3


def _tokens(num_rows: int) -> torch.Tensor:
    return torch.arange(5, 5 + num_rows * NUM_TOKENS).view(num_rows, NUM_TOKENS)


def _decoded_in_two_passes(model: TinyModel, rows: list[int]) -> torch.Tensor:
    """States of tokens in the second pass, in which only some rows are left."""
    batch = model.batch(make_examples()[:3])
    decoder = CachedDecoder(model.network, batch)
    starts = answer_starts(model.network, batch.prompt_ids)
    decoder.decode({"decoder_input_ids": starts, "decoder_attention_mask": torch.ones_like(starts)})
    index = torch.tensor(rows)
    decoder.keep_prompts(index)
    for layer in decoder.layers(crossed=False):
        layer.keys, layer.values = layer.keys[index], layer.values[index]
    mask = torch.ones(len(rows), 1 + NUM_TOKENS, dtype=torch.long)
    return decoder.decode({"decoder_input_ids": _tokens(3)[index], "decoder_attention_mask": mask})


def test_an_encoder_reads_once_and_rows_stay_what_they_were() -> None:
    model = tiny_model("seq2seq")
    calls: list[object] = []
    handle = model.network.get_encoder().register_forward_pre_hook(lambda module, inputs: calls.append(module))
    with torch.inference_mode():
        every, some = _decoded_in_two_passes(model, [0, 1, 2]), _decoded_in_two_passes(model, [2, 0])
    handle.remove()
    assert len(calls) == 2  # once for each decoder
    torch.testing.assert_close(some, every[[2, 0]])


def test_a_causal_cache_has_no_prompts_beside_it() -> None:
    model = tiny_model("causal")
    batch = model.batch(make_examples()[:2])
    decoder = CachedDecoder(model.network, batch)
    with torch.inference_mode():
        decoder.decode(causal_inputs(model.network, batch.prompt_ids, batch.prompt_mask, num_logits=1))
    assert decoder.layers(crossed=True) == []
    assert decoder.layers(crossed=False)[0].keys.shape[2] == batch.prompt_ids.shape[1]


@pytest.mark.parametrize("rows", [torch.tensor([2, 0]), torch.tensor([[2], [0]])])
def test_columns_are_those_of_each_row(rows: torch.Tensor) -> None:
    part = torch.arange(24.0).view(3, 2, 4, 1)
    picked = pick_columns(part, rows, torch.tensor([[3, 1], [0, 0]]))
    assert torch.equal(picked[0, :, :, 0], part[2, :, [3, 1], 0])
    assert torch.equal(picked[1, :, :, 0], part[0, :, [0, 0], 0])
