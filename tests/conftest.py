"""Tiny checkpoints with their own tokenizers, made anew for a test session; nothing touches the network."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

os.environ["HF_HUB_OFFLINE"] = "1"  # before the first import of transformers
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # processes that share cores must not wait for each other's threads

import hypothesis
import torch
from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

from gner import GNER
from gner.data.collate import Collator
from gner.inference.gner_config import Settings
from gner.inference.labeller import Labeller, ModelOptions
from gner.inference.loading import load
from gner.models import Backbone, FromScratch
from gner.models.tokenizer import load_tokenizer, train_tokenizer
from gner.prompting import Format, GnerFormat
from gner.records import Example

hypothesis.settings.register_profile(  # no test is of time, and cores are shared
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")
MakeModel = Callable[..., GNER]
KINDS = ("seq2seq", "causal")
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
SENTENCES = [
    "Ada/B-person Lovelace/I-person wrote/O to/O London/B-place ./O",
    "London/B-place calling/O",
    "nothing/O to/O see/O here/O",
    "Grace/B-person Hopper/I-person met/O Ada/B-person in/O New/B-place York/I-place (/O 1950/O )/O ./O",
    "the/O the/O New/B-place the/O",
]
TYPES = ("person", "place")
TRAINED_SIZES: dict[str, tuple[str, dict[str, Any]]] = {
    "seq2seq": ("t5", {"d_model": 32, "d_kv": 16, "num_heads": 2, "d_ff": 64, "num_layers": 2, "dropout_rate": 0.0}),
    "causal": (
        "llama",
        {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2},
    ),
}


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process for each core, up to eight; none beside pytest's own for a few named files, so that debuggers work."""
    named_files = [argument for argument in config.args if Path(argument.partition("::")[0]).is_file()]
    return 0 if named_files else min(os.cpu_count() or 1, 8)


def make_example(text: str, position: int = 0, types: tuple[str, ...] = TYPES) -> Example:
    """An example from ``word/tag word/tag``."""
    pairs = [pair.rsplit("/", 1) for pair in text.split()]
    words, tags = zip(*pairs, strict=True)
    return Example(words, tags, types, "toy", str(position), f"toy.txt:{position}")


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    return [make_example(text, position) for position, text in enumerate(SENTENCES)]


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory, examples: list[Example]) -> dict[str, Path]:
    """Folders of a T5-shaped and a Llama-shaped model with random weights."""
    queries = [GnerFormat().queries(example)[0] for example in examples]
    texts = [text for query in queries for text in query]
    folders: dict[str, Path] = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        tokenizer = load_tokenizer(train_tokenizer(texts, 400, begin_token=kind == "causal"))
        tokenizer.save_pretrained(folder)
        torch.manual_seed(0)
        ids = {name: getattr(tokenizer, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")}
        ids["vocab_size"] = len(tokenizer)
        if kind == "seq2seq":
            sizes = {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 2}
            T5ForConditionalGeneration(
                T5Config(**ids, **sizes, decoder_start_token_id=tokenizer.pad_token_id)
            ).save_pretrained(folder)
        else:
            sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
            LlamaForCausalLM(LlamaConfig(**ids, **sizes, initializer_range=0.3)).save_pretrained(folder)
        folders[kind] = folder
    return folders


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, examples: list[Example]) -> dict[str, Path]:
    """Folders of models, in Hugging Face's layout and with our settings, that know `SENTENCES` by heart."""
    format = GnerFormat(instruction=None)
    return {kind: learn_by_heart(kind, format, examples, tmp_path_factory.mktemp(f"trained_{kind}")) for kind in KINDS}


def learn_by_heart(kind: str, format: Format, examples: list[Example], folder: Path) -> Path:
    """Train a model until it knows some examples, and write it to a folder with its settings."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the operations are so small that threads would only wait for each other
    model_type, sizes = TRAINED_SIZES[kind]
    backbone = Backbone(FromScratch(model_type, vocab_size=330, config=sizes))
    collate = Collator(format, backbone)
    backbone.set_tokenizer(backbone.train_tokenizer(collate.texts(examples)))
    batch = collate(examples)
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
    network.save_pretrained(folder)
    backbone.tokenizer.save_pretrained(folder)
    Settings(format, {"toy": TYPES}).write(folder)
    torch.set_num_threads(num_threads)
    return folder


@pytest.fixture
def write_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Writes a dataset in the GNER layout and returns the root folder."""

    def write(name: str = "toy", types: str = "person\nplace\n", **splits: str | bytes) -> Path:
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "label.txt").write_text(types, encoding="utf-8")
        for split, content in splits.items():
            raw = content if isinstance(content, bytes) else content.encode()
            (folder / f"{split}.txt").write_bytes(raw)
        return folder.parent

    return write


@pytest.fixture
def toy_root(write_dataset: Callable[..., Path]) -> Path:
    """A root folder with the dataset ``toy``; all splits hold the same sentences."""
    content = "\n".join(text.replace("/", "\t").replace(" ", "\n") + "\n" for text in SENTENCES)
    return write_dataset(train=content, dev=content, test=content)


@pytest.fixture
def config(tmp_path: Path, toy_root: Path, checkpoints: dict[str, Path], request: pytest.FixtureRequest) -> Path:
    """A config that trains a tiny checkpoint for four steps, with two validations."""
    kind = getattr(request, "param", "causal")
    path = tmp_path / "config.yaml"
    settings = {
        "model": {
            "backbone": str(checkpoints[kind]),
            "decoding": {"class_path": "BeamSearch", "init_args": {"num_beams": 2, "max_new_tokens": 30}},
            "optimization": {"lr": 0.01},
        },
        "data": {"root": str(toy_root), "train": ["toy"], "val": ["toy"], "test": ["toy"], "batch_size": 2},
        "trainer": {
            "default_root_dir": str(tmp_path / "run"),
            "accelerator": "cpu",
            "max_steps": 4,
            "val_check_interval": 2,
            "check_val_every_n_epoch": None,
            "log_every_n_steps": 1,
            "enable_progress_bar": False,
        },
    }
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


@pytest.fixture
def make_model(trained: dict[str, Path]) -> MakeModel:
    """Makes a model of either kind; other settings than those of training can be given."""

    def make(kind: str = "causal", *, options: ModelOptions = ModelOptions(), **settings: Any) -> GNER:
        loaded = load(trained[kind])
        changed = Settings(**{**vars(loaded.settings), **settings})
        return GNER(Labeller(loaded._replace(settings=changed), options))

    return make
