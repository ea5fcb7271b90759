from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, LlamaForCausalLM, PreTrainedModel

from gner.models import Backbone, Lora
from gner.models.flops import TrainingFlops, count_flops
from tests.models.matrix import make_checkpoint

CAUSAL = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "vocab_size": 200}
SHAPES: dict[str, dict[str, Any]] = {
    "llama": {**CAUSAL, "intermediate_size": 128, "tie_word_embeddings": True},
    "gpt2": {"n_embd": 64, "n_layer": 3, "n_head": 4, "vocab_size": 200},
    "t5": {"d_model": 64, "d_kv": 32, "num_heads": 4, "d_ff": 128, "num_layers": 3, "vocab_size": 200},
}


def _network(model_type: str) -> PreTrainedModel:
    config = AutoConfig.for_model(
        model_type, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=0, **SHAPES[model_type]
    )
    auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    return auto.from_config(config, attn_implementation="eager")


def _counted(network: PreTrainedModel, num_prompt: int, num_answer: int) -> int:
    """What torch counts in one forward and backward pass."""
    is_seq2seq = network.config.is_encoder_decoder
    ids = torch.zeros((1, num_prompt if is_seq2seq else num_prompt + num_answer), dtype=torch.long)
    labels = torch.zeros((1, num_answer), dtype=torch.long) if is_seq2seq else ids
    with FlopCounterMode(display=False) as counter:
        network(input_ids=ids, labels=labels, use_cache=False).loss.backward()
    return counter.get_total_flops()


@pytest.mark.parametrize("lengths", [(20, 10), (400, 300)])
@pytest.mark.parametrize("model_type", SHAPES)
def test_the_estimate_is_near_what_is_computed(model_type: str, lengths: tuple[int, int]) -> None:
    network = _network(model_type)
    assert TrainingFlops(network).of_example(*lengths) == pytest.approx(_counted(network, *lengths), rel=0.1)


def test_frozen_weights_have_no_gradients_of_their_own() -> None:
    network = _network("llama")
    Lora(r=1, target_modules=["q_proj"]).add_to(network, needs_input_grads=False)
    assert TrainingFlops(network).of_example(20, 10) == pytest.approx(_counted(network, 20, 10), rel=0.15)


@pytest.mark.parametrize("model_type", ["mamba", "rwkv"])
def test_a_network_without_attention_is_counted_by_its_matrices(model_type: str) -> None:
    config = AutoConfig.for_model(model_type, hidden_size=64, num_hidden_layers=2, vocab_size=100)
    network = AutoModelForCausalLM.from_config(config)
    flops = TrainingFlops(network)
    assert flops.of_example(2, 2) == 2 * flops.of_example(1, 1) > 0


@pytest.mark.parametrize("name", ["gemma4", "gemma4_text"])
def test_blocks_with_heads_of_different_sizes_are_counted(name: str, tmp_path: Path) -> None:
    network = Backbone(str(make_checkpoint(name, tmp_path / name))).build()
    short, long = (TrainingFlops(network).of_example(size, size) for size in (10, 20))
    assert 2 * short < long < 4 * short


def test_operations_that_cannot_be_counted_are_left_out_with_a_warning(checkpoints: dict[str, Path]) -> None:
    class Odd(LlamaForCausalLM):
        def get_output_embeddings(self) -> nn.Module:
            return nn.Identity()  # a head without a weight

    network = Odd.from_pretrained(checkpoints["causal"])
    with pytest.warns(UserWarning, match=r"cannot be counted, so utilisation and hours are left out: AttributeError"):
        assert count_flops(network) is None
