"""A tree read at once says what its continuations say when they are read apart."""

import random
from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from gner.decoding.teacher_forcing import AnswerReader
from gner.decoding.token_tree import ROOT, TokenTree, read_trees, why_no_trees
from gner.interfaces import Kind
from gner.testing import TinyModel, make_examples, tiny_model
from tests.decoding.networks import NETWORKS, with_network

pytestmark = pytest.mark.usefixtures("no_gradients")
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2}
OTHERS: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2},
    "gemma3_text": {
        **SIZES,
        "sliding_window": 8,
        "head_dim": 8,
        "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
    },
    "qwen3": {**SIZES, "head_dim": 8},
    "mistral": {**SIZES, "sliding_window": 8},
    "mt5": {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2},
}


def _model(name: str) -> TinyModel:
    if name in ("t5", "llama"):
        return tiny_model("seq2seq" if name == "t5" else "causal")
    model = tiny_model("seq2seq" if name.endswith("t5") else "causal")
    sizes = {"vocab_size": 400, "pad_token_id": 0, "decoder_start_token_id": 0, **OTHERS[name]}
    if "num_attention_heads" in sizes:
        sizes |= {"num_key_value_heads": 2, "initializer_range": 0.5}
    torch.manual_seed(0)
    auto = AutoModelForSeq2SeqLM if name.endswith("t5") else AutoModelForCausalLM
    return replace(model, network=auto.from_config(AutoConfig.for_model(name, **sizes)).eval())


def _random_tree(rng: random.Random) -> tuple[TokenTree, list[tuple[list[int], list[int]]]]:
    """A tree, and for each question the tokens on the way to it and what is asked."""
    tree, paths = TokenTree(), {ROOT: list[int]()}
    for _ in range(rng.randrange(1, 12)):
        node = rng.choice(list(paths))
        tokens = [rng.randrange(3, 280) for _ in range(rng.randrange(1, 4))]
        paths[tree.add(node, tokens)] = paths[node] + tokens
    questions = []
    for node in rng.choices(list(paths), k=rng.randrange(1, 6)):
        asked = rng.sample(range(280), k=rng.randrange(1, 4))
        tree.ask(node, asked)
        questions.append((paths[node], asked))
    return tree, questions


@pytest.mark.parametrize("name", ["t5", "llama", *OTHERS])
def test_a_tree_is_its_paths(name: str) -> None:
    model, rng = _model(name), random.Random(name)
    assert why_no_trees(model.network) is None
    batch = model.batch(make_examples())
    for _ in range(5):
        rows = rng.choices(range(len(make_examples())), k=3)
        made = [_random_tree(rng) for _ in rows]
        values = read_trees(model.network, batch, rows, [tree for tree, _ in made])
        for row, (_, questions), of_row in zip(rows, made, values, strict=True):
            for (path, asked), found in zip(questions, of_row, strict=True):
                reader = AnswerReader(model.network, batch)
                [[expected]] = reader.log_probs([row], [[*path, 3]], [[asked]])
                assert found == pytest.approx(expected, abs=1e-3)


def test_a_network_is_left_as_it_was() -> None:
    model = tiny_model("seq2seq")
    batch, tree = model.batch(make_examples()[:1]), TokenTree()
    tree.ask(tree.add(ROOT, [5, 6]), [7])
    inputs = {"input_ids": batch.prompt_ids, "decoder_input_ids": torch.tensor([[0, 5, 6]])}
    before = model.network(**inputs).logits
    read_trees(model.network, batch, [0], [tree])
    assert torch.equal(model.network(**inputs).logits, before)
    assert not any("compute_bias" in vars(part) for part in model.network.modules())


@pytest.mark.parametrize("name", ["bart", "bloom"])
def test_networks_without_positions_of_tokens_are_told_apart(name: str) -> None:
    model = with_network(tiny_model(NETWORKS[name]), name)
    assert why_no_trees(model.network) is not None


def test_positions_that_are_counted_otherwise_than_in_t5_are_told_apart() -> None:
    sizes = {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2, "vocab_size": 50}
    network = AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model("umt5", pad_token_id=0, **sizes))
    assert "no relative positions" in (why_no_trees(network) or "")


def test_attention_without_masks_is_told_apart() -> None:
    network = tiny_model(Kind.CAUSAL).network
    network.config._attn_implementation = "flash_attention_2"
    assert "flash_attention_2" in (why_no_trees(network) or "")
