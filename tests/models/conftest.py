"""Checkpoints that are hard to load correctly."""

import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM


@pytest.fixture(scope="session")
def families(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Multi-file checkpoints: T5, T5 with an untied head, Llama, and Llama with a tied head."""
    torch.manual_seed(1)
    families = {}
    for name, kind in (("t5", "seq2seq"), ("flan", "seq2seq"), ("llama", "causal"), ("tied_llama", "causal")):
        folder = tmp_path_factory.mktemp(name) / "model"
        shutil.copytree(checkpoints[kind], folder)
        (folder / "model.safetensors").unlink()
        config = AutoConfig.from_pretrained(checkpoints[kind], initializer_range=0.3)
        config.tie_word_embeddings = name != "llama"
        auto = AutoModelForSeq2SeqLM if kind == "seq2seq" else AutoModelForCausalLM
        network = auto.from_config(config)
        weights = network.state_dict()
        if name == "flan":
            weights = {key: value.clone() for key, value in weights.items()}
            weights["lm_head.weight"].normal_()  # as in flan-T5: embeddings are shared, but the head is untied
            network.all_tied_weights_keys = {}
            network.config.tie_word_embeddings = False
        network.save_pretrained(folder, state_dict=weights, max_shard_size="20KB")
        assert len(list(folder.glob("*.safetensors"))) > 1
        families[name] = folder
    return families
