"""Training on a model's answers, without those that it is not sure of."""

import json
import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Sentence
from gner.data.reading.run_sources import Inputs
from gner.data.reading.score_filter import sure_positions
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from gner.predict import main as predict
from tests.data.reading.readers import entities_of, open_records, read_records
from tests.file_prediction.commands import options_of, rows_of


def _found(start: int, end: int, label: str, score: float | None) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "score": score}


ADA = {"text": "Ada slept.", "entities": [_found(0, 3, "person", 0.95)]}
BOTH = {"text": "Ada left Oslo.", "entities": [_found(0, 3, "person", 0.9), _found(9, 13, "city", 0.4)]}
NOTHING = {"text": "It rains.", "entities": []}
WORDS = {
    "words": ["Ada's", "boss", "left", "New", "York"],
    "text": "Ada's boss left New York",
    "entities": [_found(0, 5, "person", 0.95), _found(16, 24, "city", 0.5)],
    "entities_tags": ["B-person", "O", "O", "B-city", "I-city"],
}


def test_a_sentence_with_a_doubtful_entity_is_left_out_and_reported(tmp_path: Path) -> None:
    examples, counts = read_records(tmp_path / "a.jsonl", ADA, BOTH, NOTHING, min_score=0.5)
    assert [example.words[:2] for example in examples] == [("Ada", "slept"), ("It", "rains")]
    assert counts == {"doubtful": 1}
    assert {example.types for example in examples} == {("city", "person")}  # prompts do not depend on the limit
    assert [example.id for example in examples] == ["0", "2"]


def test_all_is_read_without_a_limit(tmp_path: Path) -> None:
    examples, counts = read_records(tmp_path / "a.jsonl", ADA, BOTH, NOTHING)
    assert [entities_of(example) for example in examples] == [
        [("Ada", "person")],
        [("Ada", "person"), ("Oslo", "city")],
        [],
    ]
    assert not counts


def test_the_report_names_the_most_doubtful_entity_once(tmp_path: Path) -> None:
    reader = open_records(tmp_path / "a.jsonl", ADA, BOTH, min_score=0.92)
    for _ in range(2):
        reader.read("all")
    [note] = reader.reports["all"].notes
    assert (note.place, note.what) == (f"{tmp_path / 'a.jsonl'}:2", "`Oslo` (city) has 0.4")


def test_words_keep_the_scores_of_their_tags(tmp_path: Path) -> None:
    reader = open_records(tmp_path / "a.jsonl", WORDS, ADA | {"words": ["Ada"], "entities_tags": ["B-person"]})
    [(example, found), _] = reader.read_entities("all")
    assert example.words == tuple(WORDS["words"])  # not those of a splitter
    assert [(one.start, one.end, one.type, one.score) for one in found] == [(0, 1, "person", 0.95), (3, 5, "city", 0.5)]
    examples, counts = read_records(tmp_path / "a.jsonl", WORDS, WORDS | {"entities": []}, min_score=0.6)
    assert len(examples) == 1
    assert counts == {"doubtful": 1}


def test_rows_without_words_or_text_are_counted(tmp_path: Path) -> None:
    null = {"words": None, "text": "", "entities": [], "entities_tags": []}
    blank = {"words": [" ", "Ada"], "text": "  Ada", "entities": [_found(2, 5, "person", 0.7)]}
    reader = open_records(tmp_path / "a.jsonl", WORDS, null, blank | {"entities_tags": ["O", "B-person"]})
    assert [[one.score for one in found] for _, found in reader.read_entities("all")] == [[0.95, 0.5], [0.7]]
    assert reader.reports["all"].counts() == {"no_words": 1, "blank": 1}
    _, counts = read_records(tmp_path / "b.jsonl", ADA, {"text": None, "entities": []}, NOTHING | {"text": ""})
    assert counts == {"no_words": 2}


def test_a_long_text_loses_only_its_doubtful_sentences(tmp_path: Path) -> None:
    examples, _ = read_records(
        tmp_path / "a.jsonl", BOTH | {"text": "Ada left Oslo.\n\nShe slept."}, ADA, min_score=0.5
    )
    assert [example.words[0] for example in examples] == ["She", "Ada"]


def test_subwords_have_the_lowest_score_of_their_entity(tmp_path: Path) -> None:
    pieces = [
        {"entity": "B-PER", "word": "Ada", "start": 0, "end": 3, "score": 0.9},
        {"entity": "I-PER", "word": "Wu", "start": 4, "end": 6, "score": 0.3},
    ]
    reader = open_records(tmp_path / "a.jsonl", {"text": "Ada Wu slept.", "entities": pieces})
    [(_, [entity])] = reader.read_entities("all")
    assert (entity.end, entity.score) == (2, 0.3)


def test_dropped_types_and_entities_without_a_score_raise_no_doubt(tmp_path: Path) -> None:
    unscored = {"text": "Bob met Ada.", "entities": [_found(0, 3, "person", None), _found(8, 11, "person", 0.99)]}
    examples, counts = read_records(tmp_path / "a.jsonl", BOTH, unscored, types={"city": None}, min_score=0.5)
    assert len(examples) == 2
    assert counts == {"dropped_type": 1}


def test_a_divided_source_is_divided_alike_whatever_the_limit(tmp_path: Path) -> None:
    rows = [{"text": f"Ada saw {n} .", "entities": [_found(0, 3, "person", n / 40)]} for n in range(40)]
    path = tmp_path / "a.jsonl"
    split = {"dev": 0.3}
    everything = {one.words for one in open_records(path, *rows, split=split).read("dev")}
    reader = open_records(path, *rows, split=split, min_score=0.5)
    dev, train = reader.read("dev"), reader.read("train")
    assert {one.words for one in dev} < everything
    assert len(dev) + len(train) == 20
    assert reader.reports["train"].counts()["doubtful"] == 20


@pytest.mark.parametrize(
    ("rows", "min_score", "message"),
    [
        (
            [{"text": "Ada", "spans": [[0, 3, "person"]]}],
            0.5,
            r"a.jsonl: expected entities with a `score`.*none of the 1",
        ),
        ([BOTH, BOTH], 0.95, r"each of the 2 has a lower one. Set `min_score`"),
        ([ADA, {"text": "Ada", "entities": [_found(0, 3, "x", 93)]}], 0.5, r"a.jsonl:2: expected scores from 0 to 1"),
        ([ADA], 1.5, r"`min_score` from 0 to 1, got 1.5"),
    ],
)
def test_a_limit_that_cannot_work_is_refused(rows: list[Any], min_score: float, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read_records(tmp_path / "a.jsonl", *rows, min_score=min_score)


def test_no_number_is_no_score() -> None:
    nan = Sentence(("Ada",), ("B-person",), "a.jsonl:1", scores=(math.nan,))
    with pytest.raises(UserError, match="expected scores from 0 to 1"):
        sure_positions("a.jsonl", [nan], [0], 0.5, ReadReport())


def test_sentences_without_entities_need_no_scores(tmp_path: Path) -> None:
    rows = [json.dumps(NOTHING)] * 2
    (tmp_path / "a.jsonl").write_text("\n".join(rows), encoding="utf-8")
    reader = SourceReader(Source(str(tmp_path / "a.jsonl"), types=["person"], min_score=0.9))
    assert len(reader.read("all")) == 2


@pytest.fixture
def _quiet_for_a_while() -> Iterator[None]:
    """Restores the log level that `gner.predict` sets."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.mark.usefixtures("_quiet_for_a_while")
def test_what_predict_writes_is_trained_on(trained: dict[str, Path], tmp_path: Path) -> None:
    texts, answers = tmp_path / "texts.txt", tmp_path / "answers.jsonl"
    texts.write_text("Ada Lovelace wrote to London .\n\nLondon calling\nnothing to see here\n", encoding="utf-8")
    predict(options_of(str(trained["causal"]), texts, answers))
    rows = rows_of(answers)
    scores = [min((one["score"] for one in row["entities"]), default=1) for row in rows]
    limit = sorted(scores)[1]
    source = Source(str(answers), types=["person", "place"], min_score=limit, weight=0.5)
    inputs = Inputs(tmp_path, {"train": [source]}, scheme="auto", max_examples={}, seed=0)
    [group] = inputs.read("train")
    kept = [row for row, score in zip(rows, scores, strict=True) if score >= limit and row["text"]]
    assert [" ".join(example.words) for example in group.examples] == [row["text"] for row in kept]
    assert [[text for text, _ in entities_of(one)] for one in group.examples] == [
        [entity["text"] for entity in row["entities"]] for row in kept
    ]
    assert group.weight == 0.5
