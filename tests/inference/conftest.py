"""Models for inference: tiny ones that know a handful of sentences by heart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gner import GNER
from gner.data.collate import Collator
from gner.formats import GnerFormat
from gner.inference.labeller import Labeller, ModelOptions
from gner.inference.loading import load
from gner.inference.settings import Settings
from gner.models import Backbone, FromScratch
from gner.types import Example
from tests.conftest import KINDS, TYPES

MakeModel = Callable[..., GNER]
SIZES: dict[str, tuple[str, dict[str, Any]]] = {
    "seq2seq": ("t5", {"d_model": 32, "d_kv": 16, "num_heads": 2, "d_ff": 64, "num_layers": 2, "dropout_rate": 0.0}),
    "causal": (
        "llama",
        {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2},
    ),
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, examples: list[Example]) -> dict[str, Path]:
    """Folders, in Hugging Face's layout and with our settings, of a model of each kind."""
    folders: dict[str, Path] = {}
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the operations are so small that threads would only wait for each other
    settings = Settings(GnerFormat(instruction=None), {"toy": TYPES})
    for kind in KINDS:
        model_type, sizes = SIZES[kind]
        backbone = Backbone(FromScratch(model_type, vocab_size=330, config=sizes))
        collate = Collator(settings.format, backbone)
        backbone.set_tokenizer(backbone.train_tokenizer(collate.texts(examples)))
        batch = collate(examples, list(range(len(examples))), [True] * len(examples), decode=True)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = backbone.build()
            optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
            for _ in range(150):
                loss = network(batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels).loss
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
        assert loss < 0.3, loss
        folders[kind] = tmp_path_factory.mktemp(f"trained_{kind}")
        network.save_pretrained(folders[kind])
        backbone.tokenizer.save_pretrained(folders[kind])
        settings.write(folders[kind])
    torch.set_num_threads(num_threads)
    return folders


@pytest.fixture
def make_model(trained: dict[str, Path]) -> MakeModel:
    """Makes a model of either kind; other settings than those of training can be given."""

    def make(kind: str = "causal", *, options: ModelOptions = ModelOptions(), **settings: Any) -> GNER:
        loaded = load(trained[kind])
        changed = Settings(**{**vars(loaded.settings), **settings})
        return GNER(Labeller(loaded._replace(settings=changed), options))

    return make
