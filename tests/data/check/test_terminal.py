"""``python -m gner.data.check`` as a user calls it."""

import os
from pathlib import Path
from typing import Any

import pytest

from gner.data.check.__main__ import main
from tests.data.writers import WRITERS, write_json


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def _check(capsys: Any, *arguments: object) -> str:
    main([str(argument) for argument in arguments])
    return " ".join(capsys.readouterr().out.split())


def test_a_clean_source_is_described(tmp_path: Path, capsys: Any, checkpoints: dict[str, Path]) -> None:
    WRITERS["conll with spaces"](tmp_path)
    shown = _check(capsys, tmp_path, "--tokenizer", checkpoints["causal"], "--max-tokens", 300)
    assert f"{tmp_path} (train): CoNLL (space separated, IOB2)" in shown
    assert "train dev test sentences 3 2 1 words 21 8 3 entities 5 3 3" in shown
    assert "person 3 1 2" in shown
    assert "tokens of prompt" in shown
    assert "The longest has 11 words" in shown
    assert "Longer than 300 tokens" in shown
    assert "All spans are whole words without overlaps, and kept." in shown
    assert "No sentence is repeated." in shown
    assert "No contradictory annotations." in shown
    assert shown.count("Use the specific entity tags: person, place and O.") == 3
    assert "Ada(B-person)" in shown


def test_problems_are_shown_with_their_places(tmp_path: Path, capsys: Any) -> None:
    london = {"text": "in London-based", "spans": [{"start": 3, "end": 9, "label": "place"}]}
    city = {"text": "in London-based", "spans": [{"start": 3, "end": 15, "label": "Places"}]}
    both = {"text": "New York", "spans": [[0, 8, "place"], [4, 8, "place"]]}
    write_json(tmp_path / "train.jsonl", [london, city, both, both], lines=True)
    write_json(tmp_path / "test.jsonl", [both], lines=True)
    shown = _check(capsys, tmp_path)
    train, test = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    assert f"{train}:1, characters 3-9: `London` (place) is part of `London-based`" in shown
    assert f"{test}:1, characters 4-8: `York` (place) overlaps `New York` (place)" in shown
    assert f"Sentences that are in train already: 2 {train}:2 as {train}:1: in London-based" in shown
    assert "Sentences of test that are in train: 1" in shown
    assert "Groups of types that may be the same: 1 Places, place" in shown
    assert f"in London-based {train}:1: London-based (place) {train}:2: London-based (Places)" in shown
    assert f"London-based place 1 times, first {train}:1 Places 1 times, first {train}:2" in shown


def test_options_are_those_of_a_source(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "a.jsonl"
    write_json(path, [{"w": ["a", "b"], "t": [1, 3]}], lines=True)
    options = ["--columns", "w=x", "--columns", "words=w", "tags=t", "--tag-names", "O", "B-x", "I-x", "B-y"]
    assert "x 1" in _check(capsys, path, *options)
    shown = _check(capsys, path, *options, "--types", "x=thing", "y=")
    assert "thing 1" in shown
    assert "Entities of types that `types` maps to null, left out: 1" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.jsonl"], "gner: Expected the file or folder nothing.jsonl, but it does not exist."),
        (["{}", "--split", "third"], "expected a split called third"),
        (["{}", "--columns", "words"], "Expected NAME=VALUE, got `words`. Set --columns."),
        (["{}", "--tokenizer", "no/such"], "Expected a tokenizer, but `no/such` cannot be loaded"),
        (["{}", "--types", "person"], "the type `place` is not in the `types`"),
    ],
)
def test_errors_are_one_message(arguments: list[str], message: str, tmp_path: Path, capsys: Any) -> None:
    WRITERS["words"](tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([argument.format(tmp_path) for argument in arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_the_error_of_one_split_is_shown_beside_the_others(tmp_path: Path, capsys: Any) -> None:
    WRITERS["words"](tmp_path)
    (tmp_path / "train.jsonl").write_text("")
    write_json(tmp_path / "test.jsonl", [{"tokens": ["Ada"], "ner_tags": [-1]}], lines=True)
    shown = _check(capsys, tmp_path)
    assert "(train): cannot be read:" in shown
    assert "(test): cannot be read:" in shown
    assert "Texts that are not annotated, or were rejected, left out: 1" in shown
    assert "dev sentences 2" in shown


def test_the_error_for_an_unwritable_type_says_how_to_rename_it(tmp_path: Path, capsys: Any) -> None:
    write_json(tmp_path / "a.jsonl", [{"tokens": ["a"], "tags": ["B-x)"]}], lines=True)
    with pytest.raises(SystemExit):
        main([str(tmp_path / "a.jsonl")])
    assert "with `types: {'x)': NAME}` of a source" in capsys.readouterr().err
