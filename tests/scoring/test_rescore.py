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


QUESTIONS = ["--format", "tests.prompting.questions.QuestionFormat"]
ASKED = row_of("Ada in Rome", "B-person O B-city", "", label_list=["person", "city"])


@pytest.mark.parametrize(
    "prediction", [['["Ada", "Eve"]', '["Rome"]'], {"city": '["Rome"]', "person": '["Ada", "Eve"]'}]
)
def test_rows_without_a_format_are_read_in_the_one_asked_for(prediction: Any, file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_rows(file, [ASKED | {"prediction": prediction}])
    scores = score_file(file, tmp_path, *QUESTIONS, "--html", str(page), "--bootstrap", "5")
    assert scores["format"] == QUESTIONS[1]
    for part in ("all", "average"):
        assert (scores[part]["precision_questions"], scores[part]["f1"]) == (pytest.approx(2 / 3), 1)
    assert scores["datasets"]["toy"]["recall_questions"] == pytest.approx(1)
    assert "f1_questions_interval" in scores["datasets"]["toy"]
    assert scores["all"]["unplaced"] == pytest.approx(1000 / 3)
    assert r"person: [\"Ada\", \"Eve\"]\ncity: [\"Rome\"]" in page.read_text(encoding="utf-8")


def test_the_options_of_a_row_are_kept_and_another_format_is_refused(file: Path, tmp_path: Path, capsys: Any) -> None:
    short = {"prediction": "Rome(B-city)", "format": {"class_path": "gner", "init_args": {"context_window": 0}}}
    write_rows(file, [ROWS[0] | {"format": "GNER"}, ROWS[0] | short, ROWS[0]])
    assert score_file(file, tmp_path, "--format", "gner")["all"]["f1"] == 1
    with pytest.raises(SystemExit):
        score_file(file, tmp_path, *QUESTIONS)
    error = capsys.readouterr().err
    assert "predictions.jsonl:1: expected a row of the format QuestionFormat" in error and "GnerFormat" in error


def test_an_unknown_format_is_answered_with_the_nearest(file: Path, tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        score_file(file, tmp_path, "--format", "gnre")
    assert "Did you mean `gner`?" in capsys.readouterr().err


def test_each_query_of_a_format_needs_its_text(file: Path, tmp_path: Path, capsys: Any) -> None:
    write_rows(file, [ROWS[0] | {"prediction": ["in(O)", "Rome(B-city)"]}])
    with pytest.raises(SystemExit):
        score_file(file, tmp_path)
    error = capsys.readouterr().err
    assert "predictions.jsonl:1: expected 1 text in `prediction`" in error and "--format" in error
    write_rows(file, [ASKED | {"prediction": '["Ada"]'}])
    with pytest.raises(SystemExit):
        score_file(file, tmp_path, *QUESTIONS)
    assert "expected 2 texts in `prediction`" in capsys.readouterr().err
