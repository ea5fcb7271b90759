"""Which fields of spans hold offsets, types and texts."""

from pathlib import Path
from typing import Any

import pytest

from gner.bio import to_entities
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.writers import write_json

TEXT = "Ada met Bob J in Oslo"


def _read(path: Path, *spans: Any, **options: Any) -> tuple[list[tuple[str, str]], dict[str, int]]:
    write_json(path / "train.jsonl", [{"text": TEXT, "entities": list(spans)}], lines=True)
    reader = SourceReader(Source(str(path), **options))
    [example] = reader.read("train")
    found = to_entities(example.tags)
    texts = [(" ".join(example.words[one.start : one.end]), one.type) for one in found]
    return texts, dict(reader.reports["train"].counts())


def _span(covered: str, *, inclusive: bool = False, **fields: str) -> dict[str, Any]:
    start = TEXT.index(covered)
    return {"start": start, "end": start + len(covered) - inclusive, **fields}


def test_entity_may_hold_the_text_of_a_span(tmp_path: Path) -> None:
    spans = [_span("Ada", entity="Ada", entity_type="person"), _span("Oslo", entity="Oslo", entity_type="city")]
    assert _read(tmp_path, *spans) == ([("Ada", "person"), ("Oslo", "city")], {})


def test_a_text_in_entity_corrects_offsets(tmp_path: Path) -> None:
    span = {"start": 1, "end": 4, "entity": "Ada", "category": "person"}
    assert _read(tmp_path, span) == ([("Ada", "person")], {"moved": 1})


def test_entity_may_hold_the_type(tmp_path: Path) -> None:
    assert _read(tmp_path, _span("Ada", entity="person", word="Ada")) == ([("Ada", "person")], {})


def test_texts_without_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"train.jsonl:1: expected types of spans, but `entity` holds their texts"):
        _read(tmp_path, _span("Ada", entity="Ada", kind="person"))
    found, _ = _read(tmp_path, _span("Ada", entity="Ada", kind="person"), columns={"type": "kind"})
    assert found == [("Ada", "person")]


@pytest.mark.parametrize("field", ["text", "mention", "surface", "value", "entity", "phrase"])
def test_inclusive_ends_are_seen_from_the_texts_of_spans(field: str, tmp_path: Path) -> None:
    names = ("Ada", "Bob J", "Oslo")
    spans = [_span(name, inclusive=True, label="x", **{field: name}) for name in names]
    assert _read(tmp_path, *spans) == ([(name, "x") for name in names], {"inclusive": 1})


def test_exclusive_ends_stay(tmp_path: Path) -> None:
    spans = [_span(name, label="x", mention=name) for name in ("Ada", "Bob")]
    assert _read(tmp_path, *spans) == ([("Ada", "x"), ("Bob", "x")], {})


@pytest.mark.parametrize(
    ("record", "counted"),
    [
        ({"text": "Go"}, {"unannotated": 1}),
        ({"text": "Go", "spans": None}, {"unannotated": 1}),
        ({"text": "Go", "spans": [], "answer": "reject"}, {"unannotated": 1}),
        ({"text": "Go", "answer": "accept"}, {}),
        ({"text": "Go", "spans": []}, {}),
    ],
)
def test_texts_that_nobody_annotated_are_left_out(record: Any, counted: dict[str, int], tmp_path: Path) -> None:
    write_json(
        tmp_path / "train.jsonl", [{"text": "Ada", "spans": [{"start": 0, "end": 3, "label": "x"}]}, record], lines=True
    )
    reader = SourceReader(Source(str(tmp_path)))
    assert len(reader.read("train")) == 2 - len(counted)
    assert reader.reports["train"].counts() == counted
