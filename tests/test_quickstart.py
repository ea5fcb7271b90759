"""The shipped quickstarts reach what the README promises."""

import json
from pathlib import Path

import pytest

from gner.cli import main

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "bar"), [("quickstart", 0.95), ("quickstart_seq2seq", 0.80)])
def test_a_quickstart_reaches_its_f1(name: str, bar: float, tmp_path: Path) -> None:
    paths = ["--trainer.default_root_dir", str(tmp_path / "run"), "--data.root", str(tmp_path / "data")]
    main("fit", ["--config", str(CONFIGS / f"{name}.yaml"), *paths, "--trainer.enable_progress_bar", "false"])
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["best"]["metrics"]["val/f1"] >= bar
