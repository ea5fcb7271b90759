"""What tests of data start from."""

from pathlib import Path

import pytest

from gner.models import Backbone


@pytest.fixture
def backbone(checkpoints: dict[str, Path]) -> Backbone:
    """A tiny seq2seq one."""
    return Backbone(str(checkpoints["seq2seq"]))
