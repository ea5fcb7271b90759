"""Inputs and outputs of scoring."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gner.score import main
from tests.scoring.predictions import row_of, score_file


def test_outputs_do_not_overwrite_inputs_or_each_other(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_bytes()
    for arguments in (["--tags", str(file)], ["--json", "x", "--html", "x"]):
        with pytest.raises(SystemExit):
            main([str(file), *arguments])
        assert "Expected another file for --" in capsys.readouterr().err
    assert file.read_bytes() == before
    tags = tmp_path / "tags.jsonl"
    tags.write_text("precious", encoding="utf-8")
    file.write_bytes(before + b"{")
    with pytest.raises(SystemExit):
        main([str(file), "--tags", str(tags)])
    assert tags.read_text(encoding="utf-8") == "precious"
    assert {path.name for path in tmp_path.iterdir()} == {"tags.jsonl", "predictions.jsonl"}


def test_lone_surrogate_survives(tmp_path: Path) -> None:
    file, tags = tmp_path / "p.jsonl", tmp_path / "tags.jsonl"
    file.write_text(json.dumps(row_of("\ud83d Rome", "O B-city", "\ud83d(O) Rome(B-city)")), encoding="utf-8")
    score_file(file, tmp_path, "--tags", str(tags), "--html", str(tmp_path / "page.html"))
    assert json.loads(tags.read_text(encoding="utf-8"))["instance"]["words"] == ["\ud83d", "Rome"]


def test_gzip_is_read_and_deeply_nested_rows_raise(file: Path, tmp_path: Path, capsys: Any) -> None:
    main([str(file), "--json", str(tmp_path / "plain.json")])
    packed, deep = tmp_path / "rows.jsonl.gz", tmp_path / "deep.jsonl"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    main([str(packed), "--json", str(tmp_path / "packed.json")])
    assert (tmp_path / "packed.json").read_bytes() == (tmp_path / "plain.json").read_bytes()
    row = json.dumps(row_of("in Rome", "O B-city", "in(O) Rome(B-city)"))
    for levels in (800, 980, 100_000):  # what can be read cannot always be written
        deep.write_text(row[:-1] + ', "x": ' + "[" * levels + "]" * levels + "}\n", encoding="utf-8")
        with pytest.raises(SystemExit):
            main([str(deep), "--tags", str(tmp_path / "tags.jsonl")])
        assert re.search(r"deep\.jsonl:1: .* nested too deep", capsys.readouterr().err)
        assert not (tmp_path / "tags.jsonl").exists()
