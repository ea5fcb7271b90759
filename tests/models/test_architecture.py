"""Unusable backbones are refused with the reason."""

from pathlib import Path

import pytest
import torch
from transformers import (
    AutoConfig,
)

from gner.errors import UserError
from gner.interfaces import Kind
from gner.models import Backbone, FromScratch
from gner.models.architecture import REFUSED, check_architecture, freeze_other_modalities
from tests.models.matrix import make_checkpoint

ENCODERS = ("bert", "roberta", "xlm-roberta", "deberta-v2", "electra", "modernbert", "distilbert", "albert")


@pytest.mark.parametrize("model_type", ENCODERS)
def test_encoders_are_refused_by_name_and_from_scratch(model_type: str, tmp_path: Path) -> None:
    config = AutoConfig.for_model(model_type)
    config.save_pretrained(tmp_path)
    for source in (str(tmp_path), FromScratch(model_type)):
        with pytest.raises(UserError, match=rf"whose type `{model_type}` is an encoder.*Set model\.backbone"):
            _ = Backbone(source).config


def test_an_encoder_configured_as_a_decoder_is_accepted() -> None:
    check_architecture(AutoConfig.for_model("bert", is_decoder=True), "bert")


@pytest.mark.parametrize("model_type", REFUSED)
def test_unusable_architectures_are_refused_with_the_reason(model_type: str) -> None:
    with pytest.raises(UserError) as refused:
        check_architecture(AutoConfig.for_model(model_type), model_type)
    assert REFUSED[model_type] in str(refused.value)


@pytest.mark.parametrize(("model_type", "what"), [("qwen2_vl", "images"), ("qwen2_audio", "audio")])
def test_unsupported_multimodal_models_are_refused_as_such(model_type: str, what: str) -> None:
    with pytest.raises(UserError, match=rf"multimodal model, which also reads {what}"):
        check_architecture(AutoConfig.for_model(model_type), model_type)


@pytest.mark.parametrize("name", ["gemma3", "gemma4", "t5gemma2"])
def test_image_parameters_are_frozen_and_text_parameters_are_trained(name: str, tmp_path: Path) -> None:
    backbone = Backbone(str(make_checkpoint(name, tmp_path / name)))
    network = backbone.build()
    assert freeze_other_modalities(network) > 0
    ids = torch.tensor([[5, 6, 7]])
    more = {"decoder_input_ids": ids} if backbone.kind is Kind.SEQ2SEQ else {}
    network(input_ids=ids, labels=ids, **more).loss.backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.requires_grad == (parameter.grad is not None), parameter_name
