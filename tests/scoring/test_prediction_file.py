import json
from typing import Any

import pytest

from gner.errors import UserError
from gner.scoring.prediction_file import read_rows

ROW: dict[str, Any] = {
    "dataset": "toy",
    "label_list": ["city"],
    "instance": {"id": "7", "words": ["in", "Rome"], "labels": ["O", "I-city"]},
    "prediction": "in(O) Rome(B-city)",
}


def _read(*rows: object) -> list[Any]:
    return list(read_rows([json.dumps(row).encode() + b"\r\n" for row in rows], "file.jsonl"))


def test_rows_are_read() -> None:
    [row] = read_rows([b"\xef\xbb\xbf" + json.dumps(ROW).encode(), b"\n"], "file.jsonl")
    assert row.example.words == ("in", "Rome")
    assert row.example.tags == ("O", "I-city")  # as it is: the official score reads it so
    assert row.example.types == ("city",)
    assert (row.texts, row.finished, row.raw) == (["in(O) Rome(B-city)"], True, ROW)
    assert not _read({**ROW, "finished": False})[0].finished


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([], "expected a JSON object, found list"),
        ({}, "expected the key `instance`, found none"),
        ({**ROW, "instance": {}}, "expected the key `instance.words`, found none"),
        ({**ROW, "instance": {"words": "in"}}, "expected `instance.words` to be a list, found str"),
        ({**ROW, "instance": {"words": [1], "labels": ["O"]}}, "expected `instance.words` to hold strings only"),
        ({**ROW, "instance": {"words": ["in"], "labels": []}}, "found 1 words and 0 `labels`"),
        ({**ROW, "instance": {"words": ["in"], "labels": ["city"]}}, "expected gold tags .*, found `city`"),
        ({**ROW, "instance": {"words": ["in"], "labels": ["S-city"]}}, "expected gold tags .*, found `S-city`"),
        ({**ROW, "label_list": ["city", " "]}, "expected names of entity types in `label_list`, found an empty one"),
        ({**ROW, "prediction": {"town": "[]"}}, "expected the key `prediction.city`, found town"),
        ({**ROW, "prediction": {"city": 1}}, "expected `prediction.city` to be a str, found int"),
        ({**ROW, "format": 1}, "expected `format` to be a dict, found int"),
        ({**ROW, "prediction": None}, "expected `prediction` to be a str, found NoneType"),
        ({key: ROW[key] for key in ROW if key != "dataset"}, "expected the key `dataset`, found label_list"),
    ],
)
def test_a_malformed_row_is_refused_with_its_place(row: object, message: str) -> None:
    with pytest.raises(UserError, match=rf"file.jsonl:2: .*{message}"):
        _read(ROW, row)


@pytest.mark.parametrize("line", [b"{", b'{"a": "\xff"}', b"[" * 100_000])
def test_what_is_not_json_is_refused_with_its_place(line: bytes) -> None:
    with pytest.raises(UserError, match=r"file.jsonl:1: expected one JSON object a line"):
        list(read_rows([line], "file.jsonl"))
