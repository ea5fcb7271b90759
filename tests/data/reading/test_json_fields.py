"""Fields of JSON objects."""

from pathlib import Path

import pytest

from gner.data.reading.json_fields import as_items, check_type, whole_number
from gner.errors import UserError
from tests.data.reading.readers import entities_of, read_records


def test_fields_can_have_other_names(tmp_path: Path) -> None:
    record = {"body": "Ada met Bob", "mentions": [{"von": 0, "bis": 3, "art": "x"}]}
    columns = {"text": "body", "spans": "mentions", "start": "von", "end": "bis", "type": "art"}
    [example], _ = read_records(tmp_path / "a.jsonl", record, columns=columns)
    assert entities_of(example) == [("Ada", "x")]
    [example], _ = read_records(tmp_path / "a.jsonl", {"w": ["Ada"], "t": ["B-x"]}, columns={"words": "w", "tags": "t"})
    assert entities_of(example) == [("Ada", "x")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3), ("3", 3), (3.0, 3), (3.5, None), (True, None), ("-3", None), ("x", None), (None, None), ([3], None)],
)
def test_whole_numbers_may_be_written_as_text_or_with_a_point(value: object, expected: int | None) -> None:
    assert whole_number(value) == expected


@pytest.mark.parametrize("rows", [[{"start": 0, "end": 3}, {"start": 4, "end": 9}], [{"start": 0}]])
def test_columns_of_a_table_become_objects_again(rows: list[dict[str, int]]) -> None:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert as_items(columns) == as_items(rows) == rows


@pytest.mark.parametrize("value", [{"start": [0, 4], "end": [3]}, {"text": "a"}, {}, "text", None])
def test_other_values_are_no_table(value: object) -> None:
    assert as_items(value) == value


@pytest.mark.parametrize("name", ["", " ", "a\nb", None, 3])
def test_a_type_needs_a_name_on_one_line(name: object) -> None:
    with pytest.raises(UserError, match=r"a\.jsonl:1: expected the name of an entity type"):
        check_type(name, "a.jsonl:1")
