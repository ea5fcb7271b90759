"""Fields of JSON objects."""

from pathlib import Path

from tests.data.reading.readers import entities_of, read_records


def test_fields_can_have_other_names(tmp_path: Path) -> None:
    record = {"body": "Ada met Bob", "mentions": [{"von": 0, "bis": 3, "art": "x"}]}
    columns = {"text": "body", "spans": "mentions", "start": "von", "end": "bis", "type": "art"}
    [example], _ = read_records(tmp_path / "a.jsonl", record, columns=columns)
    assert entities_of(example) == [("Ada", "x")]
    [example], _ = read_records(tmp_path / "a.jsonl", {"w": ["Ada"], "t": ["B-x"]}, columns={"words": "w", "tags": "t"})
    assert entities_of(example) == [("Ada", "x")]
