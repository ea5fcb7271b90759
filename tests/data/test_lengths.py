"""Sentences that are too long."""

import json
from pathlib import Path
from typing import Any

import pytest

from gner.cli import main
from tests.models.matrix import make_checkpoint


def test_an_answer_too_long_for_the_decoder_is_refused(tmp_path: Path, toy_root: Path, capsys: Any) -> None:
    folder = make_checkpoint("led", tmp_path / "led")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["max_decoder_position_embeddings"] = 20
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    options = ["--data.root", str(toy_root), "--data.train", "[toy]", "--data.val", "[toy]"]
    with pytest.raises(SystemExit):
        main("fit", ["--model.backbone", str(folder), *options, "--trainer.default_root_dir", str(tmp_path / "run")])
    assert "tokens for its answer, but the backbone reads at most 20" in capsys.readouterr().err
