"""Reading annotations, whatever they are in."""

import json
from pathlib import Path

import pytest

from gner.data.compare.annotated import read_annotation
from gner.data.reading.source import Source
from gner.errors import UserError
from gner.records import Entity
from tests.data.compare.annotations import annotated, write_answers, write_gold, write_predictions
from tests.data.writers import SPLITS, WRITERS

FOUND = [
    annotated("Ada left Oslo .", Entity(0, 1, "person", 0.9), Entity(2, 3, "city", 0.8)),
    annotated("It rains ."),
]


@pytest.mark.parametrize("write", [write_answers, write_predictions])
def test_what_a_model_found_has_scores(write: object, tmp_path: Path) -> None:
    path = write(tmp_path / "b.jsonl", FOUND)  # type: ignore[operator]
    found = read_annotation(Source(str(path)))
    assert [(one.words, one.entities) for one in found.sentences] == [(one.words, one.entities) for one in FOUND]
    assert [one.place for one in found.sentences] == [f"{path}:1", f"{path}:2"]
    assert str(path) in found.notes[0]


def test_predictions_without_entities_are_read_from_their_text(tmp_path: Path) -> None:
    path = write_predictions(tmp_path / "b.jsonl", [annotated("Ada slept")])
    row = json.loads(path.read_text(encoding="utf-8")) | {"prediction": "Ada(B-person) slept(O)"}
    del row["entities"]
    path.write_text(json.dumps(row), encoding="utf-8")
    [sentence] = read_annotation(Source(str(path))).sentences
    assert sentence.entities == (Entity(0, 1, "person"),)


def test_types_are_renamed_and_dropped_in_predictions(tmp_path: Path) -> None:
    path = write_predictions(tmp_path / "b.jsonl", FOUND)
    sentences = read_annotation(Source(str(path), types={"person": "PER", "city": None})).sentences
    assert sentences[0].entities == (Entity(0, 1, "PER", 0.9),)


def test_a_format_that_is_set_reads_the_gold_tags_of_predictions(tmp_path: Path) -> None:
    path = write_predictions(tmp_path / "b.jsonl", FOUND)
    assert not read_annotation(Source(str(path), format="words")).sentences[0].entities


def test_all_splits_are_read_or_the_one_that_is_set(tmp_path: Path) -> None:
    WRITERS["conll with spaces"](tmp_path)
    assert len(read_annotation(Source(str(tmp_path))).sentences) == sum(map(len, SPLITS.values()))
    assert len(read_annotation(Source(str(tmp_path), split="dev")).sentences) == len(SPLITS["dev"])


def test_a_file_without_splits_is_read_beside_a_folder_with_splits(tmp_path: Path) -> None:
    path = write_gold(tmp_path / "b.jsonl", FOUND)
    assert len(read_annotation(Source(str(path), split="test")).sentences) == 2


def test_malformed_predictions_are_refused_with_their_place(tmp_path: Path) -> None:
    path = write_predictions(tmp_path / "b.jsonl", [annotated("Ada", Entity(0, 2, "person", 0.5))])
    with pytest.raises(UserError, match=r"b.jsonl:1: `entities`"):
        read_annotation(Source(str(path)))
