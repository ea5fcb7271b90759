"""Reading BigBIO's schema for knowledge bases."""

import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.reading.documents import entities, notes, open_file


def _piece(kind: str, texts: list[str], *offsets: tuple[int, int]) -> dict[str, Any]:
    return {"id": f"{kind}-{texts}", "type": kind, "text": texts, "offsets": [list(pair) for pair in offsets]}


DOCUMENT = {
    "id": "0",
    "document_id": "1",
    "passages": [
        _piece("title", ["Left and right arm"], (0, 18)),
        _piece("abstract", ["Ada took aspirin. It hurt."], (19, 45)),
    ],
    "entities": [
        {**_piece("Arm", ["Left", "arm"], (0, 4), (15, 18)), "normalized": [{"db_name": "x", "db_id": "D1"}]},
        {**_piece("Drug", ["aspirin"], (28, 35)), "normalized": []},
        {**_piece("Drug", ["asprin"], (28, 35)), "normalized": []},
        {**_piece("", ["Ada"], (19, 22)), "normalized": []},
    ],
    "events": [],
    "coreferences": [],
    "relations": [],
}
EXPECTED = [[("Left and right arm", "Arm")], [("aspirin", "Drug")], []]
NOTES = ["discontinuous", "no_type", "unplaceable"]


@pytest.mark.parametrize("content", [json.dumps(DOCUMENT), json.dumps([DOCUMENT])])
def test_documents_are_read(content: str, tmp_path: Path) -> None:
    reader = open_file(tmp_path / "x.jsonl", content)
    assert entities(reader) == EXPECTED
    assert reader.read("all")[1].words == ("Ada", "took", "aspirin", ".")
    assert reader.read("all")[0].types == ("Arm", "Drug")
    assert reader.detail("all") == "BigBIO's bigbio_kb"
    assert [kind for kind, _ in notes(reader)] == NOTES
    assert notes(reader)[0][1].startswith("x.jsonl:1")
    assert notes(reader)[0][1].endswith(", entity 1")


def test_tables_are_read(tmp_path: Path) -> None:
    datasets.Dataset.from_list([DOCUMENT]).to_parquet(tmp_path / "train.parquet")
    reader = SourceReader(Source(str(tmp_path)))
    assert entities(reader) == EXPECTED
    assert reader.detail("train") == "a Hugging Face dataset, BigBIO's bigbio_kb"
    assert [kind for kind, _ in notes(reader)] == NOTES


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        (_piece("Drug", ["Ada"], (0, 3, 4)), r"x.jsonl:1, entity 1: expected lists such as"),  # type: ignore[arg-type]
        (_piece("Drug", [7], (0, 3)), r"x.jsonl:1, entity 1: expected a list of strings as `text`"),  # type: ignore[list-item]
    ],
)
def test_bad_entities_raise_with_their_place(entity: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        open_file(tmp_path / "x.jsonl", json.dumps({**DOCUMENT, "entities": [entity]})).read("all")


def test_bad_passages_raise_with_their_place(tmp_path: Path) -> None:
    passages = [_piece("title", ["Ada", "x"], (0, 3))]
    with pytest.raises(UserError, match=r"x.jsonl:1, passage 1: expected as many texts as offsets, found 2 and 1"):
        open_file(tmp_path / "x.jsonl", json.dumps({**DOCUMENT, "passages": passages})).read("all")
