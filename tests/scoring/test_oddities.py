"""Rows that can be scored but look wrong."""

import json
from pathlib import Path
from typing import Any

from gner.score import main
from tests.scoring.predictions import row_of


def test_duplicate_sentences_are_reported(file: Path, tmp_path: Path, capsys: Any) -> None:
    for seed in (1, 2):
        rows = [
            row_of("in Rome", "O B-city", "in(O) Rome(B-city)", split="test"),
            row_of("x", "O", "x(O)", split="dev"),
        ]
        (tmp_path / f"{seed}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    main([str(tmp_path / "1.jsonl")])
    assert "Note" not in capsys.readouterr().err
    main([str(tmp_path / "1.jsonl"), str(tmp_path / "2.jsonl")])
    message = capsys.readouterr().err
    assert "2 rows of `toy` have the id of an earlier row" in message
    first, again = (f"{tmp_path / name}:1" for name in ("1.jsonl", "2.jsonl"))
    assert f"the first is at {again}, the earlier one at {first}." in message
    assert "To compare runs, score one file at a time" in message
    main([str(tmp_path / "1.jsonl"), str(tmp_path / "1.jsonl")])
    assert "2 rows of `toy` have the id of an earlier row" in capsys.readouterr().err


def test_duplicates_without_ids_are_reported_across_files(tmp_path: Path, capsys: Any) -> None:
    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        row = row_of(text, "O", f"{text}(O)")
        del row["instance"]["id"]
        (tmp_path / name).write_text(f"{json.dumps(row)}\n" * 2, encoding="utf-8")
    main([str(tmp_path / "a"), str(tmp_path / "c")])
    assert "Note" not in capsys.readouterr().err
    main([str(tmp_path / name) for name in "abc"])
    assert "2 rows of `toy` have the id of an earlier row or, without ids, the words" in capsys.readouterr().err


def test_gold_types_missing_from_the_label_list_are_reported(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "x.jsonl"
    rows = [row_of("in Rome", "O B-City", "in(O) Rome(B-city)"), row_of("a b", "B-river O", "a(O) b(O)", split="x")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    main([str(path)])
    message = capsys.readouterr().err
    assert "1 row of `toy` has gold entities of the type `City`, which is not in the `label_list`" in message
    assert "It lists `city`" in message
    assert "of the type `river`" in message
