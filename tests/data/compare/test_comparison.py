"""``python -m gner.data.compare`` as a user calls it."""

import json
from pathlib import Path
from typing import Any

import pytest

from gner.data.compare.__main__ import main
from gner.records import Entity
from tests.data.compare.annotations import annotated, write_answers, write_gold, write_predictions

GOLD = [
    annotated("Ada left Oslo .", Entity(0, 1, "person")),
    annotated("It rains ."),
    annotated("Oslo calls .", Entity(0, 1, "city")),
    annotated("Nobody asked ."),
]
FOUND = [
    annotated("It rains .", Entity(0, 1, "person", 0.4)),
    annotated("Ada left Oslo .", Entity(0, 1, "person", 0.9), Entity(2, 3, "city", 0.8)),
    annotated("Oslo calls .", Entity(0, 1, "city", 0.9)),
]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def _compare(capsys: Any, *arguments: object) -> str:
    main([str(argument) for argument in arguments])
    return " ".join(capsys.readouterr().out.split())


def _refused(capsys: Any, *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code == 2
    return str(capsys.readouterr().err)


@pytest.mark.parametrize("write", [write_answers, write_predictions])
def test_the_most_harmful_disagreement_comes_first(
    write: Any, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a long path would be folded within a word
    a, b = write_gold(Path("gold.jsonl"), GOLD), write(Path("found.jsonl"), FOUND)
    out, page = Path("out.jsonl"), Path("out.html")
    shown = _compare(capsys, a, b, "--json", out, "--page", page)
    assert "Sentences in both: 3 Sentences only in A: 1" in shown
    assert f"{a}:4: Nobody asked . Sentences only in B: 0" in shown
    assert "Sentences that agree: 1 (33.3% of those in both)" in shown
    assert "F1 of B against A: 0.6667 (precision 0.5000, recall 1.0000)" in shown
    assert "Disagreements: 2 (only in A 0, only in B 2, other type 0, other borders 0)" in shown
    assert f"{a}:1: Ada left Oslo . – Oslo (city) 0.800 1 {a}:2: It rains . – It (person) 0.400" in shown
    assert f"All 2 sentences that differ: {out} and {page}" in shown
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["score"] for row in rows] == [0.8, 0.4]
    assert "Nobody" not in page.read_text(encoding="utf-8")


def test_confused_types_are_named(tmp_path: Path, capsys: Any) -> None:
    a = write_gold(tmp_path / "a.jsonl", [annotated("Oslo", Entity(0, 1, "city"))])
    b = write_gold(tmp_path / "b.jsonl", [annotated("Oslo", Entity(0, 1, "person"))])
    assert "Types of A in B: city is person 1 times" in _compare(capsys, a, b)


def test_equal_annotations_have_no_table(tmp_path: Path, capsys: Any) -> None:
    a = write_gold(tmp_path / "a.jsonl", GOLD)
    shown = _compare(capsys, a, a)
    assert shown.endswith("Disagreements: 0 (only in A 0, only in B 0, other type 0, other borders 0)")


def test_lines_may_go_to_standard_output(tmp_path: Path, capfd: Any) -> None:
    a, b = write_gold(tmp_path / "a.jsonl", GOLD), write_answers(tmp_path / "b.jsonl", FOUND)
    main([str(a), str(b), "--json", "/dev/stdout"])
    captured = capfd.readouterr()
    assert [json.loads(line)["score"] for line in captured.out.splitlines()] == [0.8, 0.4]
    assert "Sentences in both: 3" in captured.err


def test_other_words_are_refused_with_an_example(tmp_path: Path, capsys: Any) -> None:
    a = write_gold(tmp_path / "a.jsonl", [annotated("Ada-Wu slept", Entity(0, 1, "x"))])
    b = write_gold(tmp_path / "b.jsonl", [annotated("Ada - Wu slept", Entity(0, 1, "x"))])
    message = _refused(capsys, a, b)
    assert f"The first of A is 'Ada-Wu slept' ({a}:1)" in message
    assert "set --words" in message


def test_no_input_is_overwritten(tmp_path: Path, capsys: Any) -> None:
    a, b = write_gold(tmp_path / "a.jsonl", GOLD), write_gold(tmp_path / "b.jsonl", GOLD)
    assert "Expected another file for --json" in _refused(capsys, a, b, "--json", b)
    out = tmp_path / "out"
    assert "is that of --json" in _refused(capsys, a, b, "--json", out, "--page", out)
