"""Tiny models for tests of decoding."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gner.data.collate import Collator
from gner.models import Backbone
from gner.prompting import GnerFormat
from gner.testing import TinyModel
from tests.conftest import KINDS


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, checkpoints: dict[str, Path]) -> TinyModel:
    """A tiny checkpoint of each kind, with all that a strategy sees of a model."""
    backbone = Backbone(str(checkpoints[request.param]))
    gner_format = GnerFormat()
    return TinyModel(backbone.build().eval(), backbone.tokenizer, gner_format, Collator(gner_format, backbone))


@pytest.fixture
def no_gradients() -> Iterator[None]:
    """Switches gradients off, as those who call a strategy do."""
    with torch.inference_mode():
        yield
