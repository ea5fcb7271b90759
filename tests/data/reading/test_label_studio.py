"""Reading Label Studio's exports."""

from pathlib import Path
from typing import Any

import pytest

from gner.bio import to_entities
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.writers import write_json


def _read(path: Path, *tasks: Any, **options: object) -> tuple[list[list[tuple[str, str]]], SourceReader]:
    write_json(path, tasks)
    reader = SourceReader(Source(str(path), **options))  # type: ignore[arg-type]
    examples = reader.read(reader.parts[0])
    entities = [
        [(" ".join(one.words[entity.start : entity.end]), entity.type) for entity in to_entities(one.tags)]
        for one in examples
    ]
    return entities, reader


def _region(start: int, end: int, text: str | None, *labels: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": list(labels), **({"text": text} if text is not None else {})}
    return {"value": value, "id": "a1", "from_name": "ner", "to_name": "body", "type": "labels", "origin": "manual"}


def _task(data: dict[str, Any], *annotations: dict[str, Any]) -> dict[str, Any]:
    return {
        **{"id": 7, "annotations": list(annotations), "file_upload": "x.json", "drafts": [], "predictions": []},
        **{"data": data, "meta": {}, "created_at": "2022-10-27T19:40:48.838241Z", "inner_id": 1, "project": 1},
    }


def _annotation(*result: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 3, "completed_by": 1, "result": list(result), "was_cancelled": False, "ground_truth": False, **more}


CHOICE = {"value": {"choices": ["good"]}, "from_name": "kind", "to_name": "body", "type": "choices"}
RELATION = {"from_id": "a1", "to_id": "a2", "type": "relation", "direction": "right"}


@pytest.mark.parametrize("offset", [1, 2], ids=["code points", "UTF-16, before 1.5"])
def test_emoji_do_not_shift_entities(offset: int, tmp_path: Path) -> None:
    text = "💩 This is London today"
    task = _task({"text": text}, _annotation(_region(9 + offset, 15 + offset, "London", "Place"), CHOICE, RELATION))
    entities, reader = _read(tmp_path / "export.json", task)
    assert entities == [[("London", "Place")]]
    assert reader.reports["all"].counts() == ({"recounted": 1} if offset == 2 else {})


def test_a_region_with_several_labels_keeps_the_first_and_reports_the_others(tmp_path: Path) -> None:
    task = _task({"text": "in London"}, _annotation(_region(3, 9, "London", "Place", "City")))
    entities, reader = _read(tmp_path / "export.json", task)
    assert entities == [[("London", "Place")]]
    assert reader.reports["all"].counts() == {"overlapping": 1}


def test_ground_truth_is_preferred_and_cancelled_annotations_are_ignored(tmp_path: Path) -> None:
    london, today = _region(3, 9, "London", "Place"), _region(10, 15, "today", "Time")
    data = {"text": "in London today"}
    entities, reader = _read(
        tmp_path / "export.json",
        _task(data, _annotation(london), _annotation(today, ground_truth=True)),
        _task(data, _annotation(today, was_cancelled=True), _annotation(london)),
        _task(data, _annotation(london, was_cancelled=True)),
        _task(data),
        _task(data, _annotation()),
    )
    assert entities == [[("today", "Time")], [("London", "Place")], []]
    assert reader.reports["all"].counts() == {"second_annotation": 1, "unannotated": 2}


def test_the_annotated_field_is_detected_or_configured(tmp_path: Path) -> None:
    data = {"title": "London today", "body": "in London", "url": "http://x.org"}
    entities, _ = _read(tmp_path / "export.json", _task(data, _annotation(_region(3, 9, "London", "Place"))))
    assert entities == [[("London", "Place")]]
    other = {"one": "in London", "two": "at London"}
    task = _task(other, _annotation(_region(3, 9, "London", "Place")))
    with pytest.raises(UserError, match=r"export.json:1, item 1: expected one field .* Set `columns`"):
        _read(tmp_path / "export.json", task)
    assert _read(tmp_path / "export.json", task, columns={"text": "two"})[0] == entities


def test_minimal_exports(tmp_path: Path) -> None:
    about = {"id": 1, "annotator": 1, "annotation_id": 1, "created_at": "x", "updated_at": "y", "lead_time": 2.0}
    regions = [{"start": 3, "end": 9, "text": "London", "labels": ["Place"]}]
    entities, _ = _read(
        tmp_path / "min.json", {"body": "in London", "ner": regions, "kind": "good", **about}, {"body": "x", **about}
    )
    assert entities == [[("London", "Place")], []]


@pytest.mark.parametrize(
    "value",
    [
        {
            "start": "/div[1]/p[1]/text()[1]",
            "end": "/div[1]/p[1]/text()[1]",
            "startOffset": 3,
            "hypertextlabels": ["x"],
        },
        {"start": "0", "end": "0", "startOffset": 3, "endOffset": 9, "labels": ["Place"]},
    ],
)
def test_html_and_dialogues_raise(value: dict[str, Any], tmp_path: Path) -> None:
    kind = "labels" if "labels" in value else "hypertextlabels"
    task = _task({"text": "in London"}, _annotation({**_region(0, 1, None, "x"), "type": kind, "value": value}))
    with pytest.raises(UserError, match=r"export.json:1, item 1: expected .* a <Text>"):
        _read(tmp_path / "export.json", task)


def test_escaped_line_breaks_in_the_text_of_a_region_match(tmp_path: Path) -> None:
    task = _task({"text": "in New\nYork today"}, _annotation(_region(3, 11, "New\\nYork", "Place")))
    entities, reader = _read(tmp_path / "export.json", task)
    assert entities == [[("New York", "Place")]]
    assert not reader.reports["all"].notes
    task = _task({"text": "York or New\nYork"}, _annotation(_region(0, 3, "New\\nYork", "Place")))
    entities, reader = _read(tmp_path / "export.json", task)
    assert entities == [[("New York", "Place")]]
    assert reader.reports["all"].counts() == {"moved": 1}


def test_a_region_whose_text_does_not_occur_keeps_its_offsets(tmp_path: Path) -> None:
    task = _task({"text": "in London today"}, _annotation(_region(3, 9, "Lxndon", "Place")))
    entities, reader = _read(tmp_path / "export.json", task)
    assert entities == [[("London", "Place")]]
    assert reader.reports["all"].counts() == {"unmatched": 1}


def test_regions_without_a_label_are_reported(tmp_path: Path) -> None:
    none, missing = _region(3, 9, "London"), _region(3, 9, "London")
    del missing["value"]["labels"]
    task = _task({"text": "in London today"}, _annotation(none, missing, _region(10, 15, "today", "Time")))
    entities, reader = _read(tmp_path / "export.json", task)
    assert entities == [[("today", "Time")]]
    assert reader.reports["all"].counts() == {"no_type": 2}


def test_minimal_exports_have_an_item_for_each_annotation(tmp_path: Path) -> None:
    london = {"start": 3, "end": 9, "text": "London", "labels": ["Place"]}
    items = [
        {"id": 1, "body": "in London", "title": "one", "ner": [london], "annotation_id": 1},
        {"id": 1, "body": "in London", "title": "one", "annotation_id": 2},
        {"id": 2, "body": "nowhere", "title": "two", "annotation_id": 3},
        {"id": 3, "body": "in London", "title": "two", "ner": [{**london, "labels": []}], "annotation_id": 4},
    ]
    entities, reader = _read(tmp_path / "min.json", *items)
    assert entities == [[("London", "Place")], [], []]
    assert reader.reports["all"].counts() == {"second_annotation": 1, "no_type": 1}


def test_skipped_completions_of_old_exports_are_ignored(tmp_path: Path) -> None:
    london = _annotation(_region(3, 9, "London", "Place"))
    old = {"id": 1, "data": {"text": "in London"}, "completions": [{**_annotation(), "skipped": True}, london]}
    skipped = {"id": 2, "data": {"text": "in London"}, "completions": [{**_annotation(), "skipped": True}]}
    entities, reader = _read(tmp_path / "export.json", old, skipped)
    assert entities == [[("London", "Place")]]
    assert reader.reports["all"].counts() == {"unannotated": 1}


def test_a_text_that_does_not_match_its_regions_is_found_by_its_name(tmp_path: Path) -> None:
    task = _task({"text": "in London", "kind": "good"}, _annotation(_region(3, 9, "Lxndon", "Place")))
    entities, reader = _read(tmp_path / "export.json", task)
    assert entities == [[("London", "Place")]]
    assert reader.reports["all"].counts() == {"unmatched": 1}
