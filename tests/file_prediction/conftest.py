"""What tests of file prediction start from."""

from pathlib import Path

import pytest

from tests.file_prediction.commands import write_texts


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A file with a text on each line."""
    return write_texts(tmp_path)


@pytest.fixture
def model(trained: dict[str, Path]) -> str:
    """A model that knows its training data by heart."""
    return str(trained["causal"])
