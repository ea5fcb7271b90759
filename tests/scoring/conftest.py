"""What tests of scoring start from."""

from pathlib import Path

import pytest

from tests.scoring.predictions import write_rows


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of predictions for two datasets, with some errors."""
    return write_rows(tmp_path / "predictions.jsonl")
