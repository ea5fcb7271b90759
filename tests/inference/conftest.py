"""A model as a person uses it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gner import GNER
from gner.inference.labeller import Labeller, ModelOptions
from gner.inference.loading import load
from gner.inference.settings import Settings

MakeModel = Callable[..., GNER]


@pytest.fixture
def make_model(trained: dict[str, Path]) -> MakeModel:
    """Makes a model of either kind; other settings than those of training can be given."""

    def make(kind: str = "causal", *, options: ModelOptions = ModelOptions(), **settings: Any) -> GNER:
        loaded = load(trained[kind])
        changed = Settings(**{**vars(loaded.settings), **settings})
        return GNER(Labeller(loaded._replace(settings=changed), options))

    return make
