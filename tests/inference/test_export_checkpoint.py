"""Exported folders and their model cards."""

from pathlib import Path

import pytest

from gner.errors import UserError
from gner.inference.export_checkpoint import export_model, push


def test_export_replaces_only_an_earlier_export(trained: dict[str, Path], tmp_path: Path) -> None:
    for _ in range(2):
        export_model(trained["causal"], tmp_path / "out")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(UserError, match="holds something else"):
        export_model(trained["causal"], tmp_path / "notes")
    assert (tmp_path / "notes" / "a.txt").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"out", "notes"}


def test_failed_push_keeps_the_folder_and_gives_the_reason(trained: dict[str, Path], tmp_path: Path) -> None:
    export_model(trained["causal"], tmp_path / "out", name="me/model")
    with pytest.raises(UserError, match=r"is written, but it could not be pushed to `me/model`.*offline"):
        push(tmp_path / "out", "me/model")
    assert (tmp_path / "out" / "config.json").exists()
