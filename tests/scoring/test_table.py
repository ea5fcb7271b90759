"""Tables of scores."""

import json
from pathlib import Path

import pytest
import rich
from rich.console import Console

from gner.score import main
from tests.scoring.predictions import row_of, score_file


def test_narrow_terminal_shows_names_and_figures(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rich, "_console", Console(width=80))
    main([str(file), "--bootstrap", "20", "--per-type"])
    printed = capsys.readouterr().out
    for text in ("toy", "hard </script>", "strict", "official", "0.8571", "100.00", "average"):
        assert text in printed
    assert "…" not in printed


def test_names_are_not_read_as_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = row_of("in Rome", "O B-city[x]", "in(O) Rome(B-city[x])", "toy[/b]", label_list=["city[x]"])
    file = tmp_path / "p.jsonl"
    file.write_text(json.dumps(row), encoding="utf-8")
    main([str(file), "--per-type"])
    printed = capsys.readouterr().out
    assert "toy[/b]" in printed
    assert "city[x]" in printed


def test_dataset_may_be_named_average(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    rows = [row_of("Rome", "B-city", f"Rome({tag})", name) for tag, name in (("B-city", "average"), ("O", "toy"))]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    scores = score_file(file, tmp_path, "--bootstrap", "5")
    assert scores["datasets"]["average"]["f1_interval"] == [1, 1]
    assert scores["average"]["f1_interval"] == [0.5, 0.5]
