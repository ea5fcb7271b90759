"""Texts that were written earlier are read again."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.scoring.predictions import ROWS, row_of, score_file, write_rows


def test_official_aligner_gives_official_tags(file: Path, tmp_path: Path) -> None:
    tags = tmp_path / "tags.jsonl"
    scores = score_file(file, tmp_path, "--aligner", "official", "--tags", str(tags))
    rows = [json.loads(line) for line in tags.read_text(encoding="utf-8").splitlines()]
    assert [{**row, "tags": None} for row in rows] == [{**row, "tags": None} for row in ROWS]
    assert [row["tags"] for row in rows[:3]] == [["O", "B-city"], ["O", "O", "O"], ["O", "I-city", "O", "O", "O"]]
    assert scores["datasets"]["toy"]["recall"] == 0.5


def test_robust_tags_are_valid(file: Path, tmp_path: Path) -> None:
    tags = tmp_path / "tags.jsonl"
    score_file(file, tmp_path, "--tags", str(tags))
    rows = [json.loads(line) for line in tags.read_text(encoding="utf-8").splitlines()]
    assert [row["tags"] for row in rows[1:3]] == [["O", "B-city", "O"], ["O", "B-city", "O", "O", "O"]]


def test_tokenizer_enables_back_tokenization(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "predictions.jsonl"
    file.write_text(json.dumps(row_of("in Rome", "O B-city", "in(O) Rome(B-city)")), encoding="utf-8")
    scores = score_file(file, tmp_path, "--tokenizer", str(checkpoints["causal"]), "--aligner", "official")
    assert scores["average"]["f1_gner"] == pytest.approx(1)
    assert scores["tokenizer"] == str(checkpoints["causal"])


def test_a_row_may_not_choose_what_code_is_run(file: Path, tmp_path: Path, capsys: Any) -> None:
    other = {"format": {"class_path": "os.system", "init_args": {}}}
    write_rows(file, [ROWS[0], ROWS[1] | other])
    with pytest.raises(SystemExit):
        score_file(file, tmp_path)
    assert "predictions.jsonl:2: the format `os.system` does not come with gner" in capsys.readouterr().err


def test_each_query_of_a_format_needs_its_text(file: Path, tmp_path: Path, capsys: Any) -> None:
    write_rows(file, [ROWS[0] | {"prediction": ["in(O)", "Rome(B-city)"]}])
    with pytest.raises(SystemExit):
        score_file(file, tmp_path)
    assert "predictions.jsonl:1: expected 1 texts in `prediction`" in capsys.readouterr().err
