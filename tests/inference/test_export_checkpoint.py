"""Exported folders and their model cards."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from gner.cli import main as run
from gner.errors import UserError
from gner.export import main
from gner.inference.export_checkpoint import export_model, push


def test_model_card_has_types_metrics_and_config_of_the_run(config: Path, tmp_path: Path) -> None:
    run("fit", ["--config", str(config)])
    main(["--ckpt", str(tmp_path / "run"), "--out", str(tmp_path / "my_model")])
    card = ModelCard.load(tmp_path / "my_model" / "README.md")
    assert card.data.library_name == "gner"
    names = {result.metric_name for result in card.data.eval_results}
    assert {"f1", "f1_gner"} <= names
    assert "| toy | person, place |" in card.text
    assert "GNER.from_pretrained('my_model')" in card.text
    start = card.text.index("```yaml\n") + len("```yaml\n")
    written = yaml.safe_load(card.text[start : card.text.index("```", start)])
    assert written["trainer"]["max_steps"] == 4


def test_export_replaces_only_an_earlier_export(trained: dict[str, Path], tmp_path: Path) -> None:
    for _ in range(2):
        export_model(trained["causal"], tmp_path / "out")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(UserError, match="holds something else"):
        export_model(trained["causal"], tmp_path / "notes")
    assert (tmp_path / "notes" / "a.txt").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"out", "notes"}


def test_adapter_export_needs_adapters(trained: dict[str, Path], tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main(["--ckpt", str(trained["causal"]), "--out", str(tmp_path / "out"), "--adapter-only"])
    assert "trained without" in capsys.readouterr().err


def test_failed_push_keeps_the_folder_and_gives_the_reason(trained: dict[str, Path], tmp_path: Path) -> None:
    export_model(trained["causal"], tmp_path / "out", name="me/model")
    with pytest.raises(UserError, match=r"is written, but it could not be pushed to `me/model`.*offline"):
        push(tmp_path / "out", "me/model")
    assert (tmp_path / "out" / "config.json").exists()
