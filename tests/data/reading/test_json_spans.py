"""JSON with texts and spans of characters."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.reading.readers import entities_of, read_records
from tests.data.writers import write_json

LOST = ("overlapping", "duplicate", "misaligned", "unplaceable", "empty", "no_type", "dropped_type", "unused")


@pytest.mark.parametrize(
    "record",
    [
        {"text": "Ada met Bob", "spans": [{"start": 0, "end": 3, "label": "x", "token_start": 0}], "answer": "accept"},
        {"id": 4, "text": "Ada met Bob", "label": [[0, 3, "x"]], "Comments": []},
        {"id": 4, "text": "Ada met Bob", "entities": [{"id": 1, "label": "x", "start_offset": 0, "end_offset": 3}]},
        {"text": "Ada met Bob", "ents": [{"start": 0, "end": 3, "label": "x"}], "title": None},
        ["Ada met Bob", {"entities": [[0, 3, "x"]]}],
        {"text": "Ada met Bob", "entities": [{"start": 0, "end": 3, "entity_group": "x", "word": "Ada"}]},
        {"text": "Ada met Bob", "entities": [{"offset": 0, "length": 3, "category": "x"}]},
        {"text": "Ada met Bob", "entities": [{"start": 0.0, "end": 3.0, "labels": ["x"], "text": "Ada"}]},
    ],
    ids=["Prodigy", "doccano 1", "doccano", "displaCy", "spaCy 2", "pipeline", "Azure", "floats"],
)
def test_texts_with_spans(record: Any, tmp_path: Path) -> None:
    for lines in (True, False):
        [example], counts = read_records(tmp_path / "a.jsonl", record, lines=lines)
        assert entities_of(example) == [("Ada", "x")]
        assert example.words == ("Ada", "met", "Bob")
        assert not counts


def test_rejected_texts_are_reported(tmp_path: Path) -> None:
    rows = [{"text": "Ada", "spans": [{"start": 0, "end": 3, "label": "x"}], "answer": a} for a in ("reject", "accept")]
    examples, counts = read_records(tmp_path / "a.jsonl", *rows)
    assert len(examples) == 1
    assert counts == {"unannotated": 1}


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ({"start": 0, "label": "x"}, r"a.jsonl:1: expected a span with start, end and label"),
        ([0, 3], r"expected a span with start, end and label.* found \[0, 3\]"),
        ({"start": 0, "end": 3}, r"expected the name of an entity type, found None"),
        ({"start": 0, "end": 3, "label": " "}, r"expected the name of an entity type"),
        ({"start": 0, "end": 99, "label": "x"}, r"within the 11 characters of the text, got 0 to 99"),
    ],
)
def test_bad_spans_raise_with_the_line(span: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read_records(tmp_path / "a.jsonl", {"text": "Ada met Bob", "spans": [span]}, format="spans")


@pytest.mark.parametrize(
    ("text", "span", "entity", "reported"),
    [
        ("the U.S. won", {"start": 4, "end": 8, "word": "U. S.", "entity_group": "x"}, "U.S.", {}),
        ("Ada won", {"start": 0, "end": 3, "word": "ada", "entity_group": "x"}, "Ada", {}),
        ("Ada won", {"start": 0, "end": 3, "word": "##Ada", "entity_group": "x"}, "Ada", {}),
        ("to nyc now", {"start": 3, "end": 6, "value": "New York", "entity": "x"}, "nyc", {"unmatched": 1}),
        ("nyc or York", {"start": 0, "end": 3, "value": "York", "entity": "x"}, "nyc", {"unmatched": 1}),
        ("Bob met Ada", {"start": 0, "end": 3, "word": "Ada", "entity_group": "x"}, "Ada", {"moved": 1}),
        ("Bob met", {"start": 0, "end": 3, "text": "Ada", "label": "x"}, None, {"unplaceable": 1}),
    ],
)
def test_offsets_are_trusted_if_the_text_of_a_span_is_only_written_differently(
    text: str, span: Any, entity: str | None, reported: Any, tmp_path: Path
) -> None:
    [example], counts = read_records(tmp_path / "a.jsonl", {"text": text, "entities": [span]}, types=["x"])
    assert [name for name, _ in entities_of(example)] == ([entity] if entity else [])
    assert counts == reported


def test_unused_spans_are_reported(tmp_path: Path) -> None:
    span = {"start": 0, "end": 3, "label": "x"}
    none = {"start": 4, "end": 7, "labels": []}
    [example], counts = read_records(
        tmp_path / "a.jsonl", {"text": "Ada met", "spans": [], "entities": [span, span, none]}
    )
    assert entities_of(example) == [("Ada", "x")]
    assert counts == {"duplicate": 1, "no_type": 1}
    record = {"text": "Ada met", "spans": [span], "entities": [span], "label": [[4, 7, "y"], [0, 1, "y"]]}
    assert read_records(tmp_path / "a.jsonl", record)[1] == {"unused": 2}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_all_spans_are_kept_or_reported(data: st.DataObject, tmp_path: Path) -> None:
    text = data.draw(st.text("aB1.-' \n👍", min_size=1, max_size=30))
    place = st.integers(0, len(text))
    stated = st.sampled_from([None, "a", "B1", "nowhere", "👍", "##a"])

    def spans(minimum: int) -> list[dict[str, Any]]:
        found = []
        for start, end in data.draw(st.lists(st.tuples(place, place), min_size=minimum, max_size=6)):
            span = {"start": min(start, end), "end": max(start, end)}
            labels = data.draw(st.lists(st.sampled_from(["x", "y", "z"]), max_size=1))
            key, value = data.draw(st.sampled_from(["text", "word", "value"])), data.draw(stated)
            found.append({**span, "labels": labels, **({key: value} if value else {})})
        return found

    records = [{"text": text, "spans": spans(0), "entities": spans(1)}, {"text": text, "spans": spans(1)}]
    misaligned = data.draw(st.sampled_from(["expand", "drop"]))
    path = tmp_path / "a.jsonl"
    last = {"text": "a b", "spans": [[0, 1, "x"], [2, 3, "z"]]}
    write_json(path, [*records, last], lines=True)
    options = {"types": {"z": None}, "misaligned": misaligned, "format": "spans"}
    reader = SourceReader(Source(str(path), **options))  # type: ignore[arg-type]
    examples = reader.read("all")
    counts = reader.reports["all"].counts()
    written = [spans for record in records for spans in (record["spans"], record.get("entities", []))]
    number = sum(map(len, written)) - (len(records[0]["spans"]) if records[0]["spans"] == records[0]["entities"] else 0)
    assert sum(len(entities_of(one)) for one in examples) + sum(counts[kind] for kind in LOST) == number + 2
