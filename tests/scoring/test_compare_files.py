import json
from pathlib import Path
from typing import Any

import pytest

from gner.score import main as score

WORDS, TAGS = ["Ada", "saw", "Rome"], ["B-person", "O", "B-place"]
FOUND = [{"start": 0, "end": 1, "type": "person"}, {"start": 2, "end": 3, "type": "place"}]


def _row(number: int, **written: Any) -> dict[str, Any]:
    instance = {"id": str(number), "words": WORDS, "labels": TAGS}
    return {"dataset": "toy", "label_list": ["person", "place"], "instance": instance, **written}


def _write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A model that writes, one that lists strings, and a system without texts."""
    writes = [_row(number, prediction="Ada(B-person) saw(O) Rome(O)") for number in range(20)]
    lists = [_row(number, prediction=['["Ada"]', '["Rome"]'], format="UniNerFormat") for number in range(20)]
    tags = [_row(number, entities=FOUND[number % 2 :]) for number in range(20)]
    named = {"writes": writes, "lists": lists, "tags": tags}
    return [_write(tmp_path / f"{name}.jsonl", rows) for name, rows in named.items()]


def test_systems_of_all_kinds_are_compared(files: list[str], tmp_path: Path, capsys: Any) -> None:
    score([*files, "--compare", "--bootstrap", "200", "--json", str(tmp_path / "all.json")])
    shown = capsys.readouterr().out
    assert all(Path(file).name in shown for file in files) and "difference" in shown
    values = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert values["systems"]["lists.jsonl"]["datasets"]["toy"]["f1"] == 1.0
    assert values["differences"]["lists.jsonl"]["datasets"]["toy"]["f1"] == pytest.approx(1 - 2 / 3)
    assert values["differences"]["lists.jsonl"]["datasets"]["toy"]["p"] < 0.05
    assert values["right"]["tags.jsonl"] == {"both": 0, "only_first": 0, "only_other": 10, "neither": 10}
    first = values["disagreements"][0]
    assert first["found"]["writes.jsonl"] == FOUND[:1] and first["gold"] == FOUND


def test_files_of_one_name_are_told_apart(files: list[str], tmp_path: Path, capsys: Any) -> None:
    other = _write(tmp_path / "b" / "writes.jsonl", [_row(number, entities=FOUND) for number in range(20)])
    score([files[0], other, "--compare", "--json", str(tmp_path / "out.json")])
    assert set(json.loads((tmp_path / "out.json").read_text("utf-8"))["systems"]) == {files[0], other}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: files[:1], "two or more different files to compare"),
        (lambda files: [files[0], files[0]], "two or more different files to compare"),
        (lambda files: [*files[:2], "--per-type"], "without --per-type"),
        (lambda files: [*files[:2], "--html", "x.html"], "without --html"),
    ],
)
def test_what_cannot_be_compared_is_refused(change: Any, message: str, files: list[str], capsys: Any) -> None:
    with pytest.raises(SystemExit):
        score([*change(files), "--compare"])
    assert message in capsys.readouterr().err


def test_sentences_without_ids_may_occur_twice(tmp_path: Path, capsys: Any) -> None:
    rows = [_row(number, entities=FOUND) for number in range(3)]
    for row in rows:
        del row["instance"]["id"]
    files = [_write(tmp_path / f"{name}.jsonl", rows) for name in "ab"]
    score([*files, "--compare"])
    assert "1.000" in capsys.readouterr().out  # p, in full on 80 columns


def test_a_sentence_twice_is_refused(files: list[str], tmp_path: Path, capsys: Any) -> None:
    twice = _write(tmp_path / "twice.jsonl", [_row(0, entities=FOUND), _row(0, entities=FOUND)])
    with pytest.raises(SystemExit):
        score([files[0], twice, "--compare"])
    assert "twice.jsonl:2: expected each sentence once" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([{"start": 0, "end": 9, "type": "x"}], "span within"),
        ([{"start": 0, "end": 2, "type": "x"}, {"start": 1, "end": 3, "type": "x"}], "flat entities"),
        ([{"start": 0, "type": "x"}], "expected the key `entities.end`"),
        ([{"start": 0, "end": 1, "type": " "}], "a name as `entities.type`"),
        ([{"start": 0, "end": True, "type": "x"}], "expected numbers"),
        (["Ada"], "expected `entities` to hold objects"),
        ("Ada", "expected `entities` to be a list"),
    ],
)
def test_malformed_entities_are_refused_with_their_place(
    entities: Any, message: str, tmp_path: Path, capsys: Any
) -> None:
    with pytest.raises(SystemExit):
        score([_write(tmp_path / "x.jsonl", [_row(0, entities=entities)])])
    shown = capsys.readouterr().err
    assert "x.jsonl:1: " in shown and message in shown
