from pathlib import Path

import pytest
import torch

from gner.errors import UserError
from gner.interfaces import Kind
from gner.models import Backbone, FromScratch
from gner.models.tokenizer import train_tokenizer
from tests.conftest import KINDS

SIZES = {
    "llama": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2},
    "t5": {"d_model": 16, "d_kv": 8, "num_heads": 2, "d_ff": 32, "num_layers": 1},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_is_read_from_the_configuration(kind: str, checkpoints: dict[str, Path]) -> None:
    backbone = Backbone(str(checkpoints[kind]))
    assert backbone.kind.value == kind
    assert backbone.build().config.is_encoder_decoder == (kind == "seq2seq")
    assert backbone.tokenizer.pad_token is not None
    assert not backbone.needs_tokenizer


@pytest.mark.parametrize(("model_type", "kind"), [("llama", Kind.CAUSAL), ("t5", Kind.SEQ2SEQ)])
def test_a_backbone_from_scratch_fits_its_tokenizer(model_type: str, kind: Kind) -> None:
    backbone = Backbone(FromScratch(model_type, 300, SIZES[model_type]))
    assert backbone.kind is kind
    assert backbone.needs_tokenizer
    backbone.set_tokenizer(backbone.train_tokenizer(["some text"]))
    assert not backbone.needs_tokenizer
    network = backbone.build()
    tokenizer = backbone.tokenizer
    assert network.get_input_embeddings().weight.shape == (len(tokenizer), 16)
    assert network.config.eos_token_id == tokenizer.eos_token_id
    assert network.config.pad_token_id == tokenizer.pad_token_id
    ids = torch.tensor([[5, 6, 7]])
    assert network(input_ids=ids, labels=ids).loss.isfinite()


def test_a_saved_tokenizer_takes_the_place_of_training() -> None:
    first = Backbone(FromScratch("llama", 300, SIZES["llama"]))
    serialized = first.train_tokenizer(["some text"])
    first.set_tokenizer(serialized)
    second = Backbone(FromScratch("llama", 300, SIZES["llama"]))
    second.set_tokenizer(serialized)
    assert second.tokenizer("some text")["input_ids"] == first.tokenizer("some text")["input_ids"]
    assert second.serialized_tokenizer == serialized


def test_weights_are_loaded_in_the_default_type(checkpoints: dict[str, Path]) -> None:
    assert Backbone(str(checkpoints["causal"])).build().dtype == torch.float32


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no/such-model", "`no/such-model` is not a folder here, and the hub gave.*Set model.backbone"),
        ("./no/such/model", "there is no folder `./no/such/model`.*Set model.backbone"),
        ("{empty}", "holds none that can be loaded.*Set model.backbone"),
    ],
)
def test_a_missing_model_is_refused(source: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _ = Backbone(source.format(empty=tmp_path)).config


def test_an_unknown_model_type_or_setting_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"got `lama`\. Did you mean `llama`"):
        _ = Backbone(FromScratch("lama")).config
    with pytest.raises(UserError, match=r"`hiden_size`\. Did you mean `hidden_size`.*model\.backbone\.config"):
        _ = Backbone(FromScratch("llama", 300, {"hiden_size": 8})).config


def test_train_tokenizer_is_deterministic() -> None:
    texts = [f"word{number} and {number * 7}" for number in range(300)]
    assert train_tokenizer(texts, 350, begin_token=True) == train_tokenizer(texts, 350, begin_token=True)
