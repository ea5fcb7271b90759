"""Reading BioC in JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from gner.errors import UserError
from tests.data.reading.documents import entities, notes, open_file


def _annotation(number: int, kind: str | None, text: str, *places: tuple[int, int]) -> dict[str, Any]:
    locations = [{"offset": start, "length": length} for start, length in places]
    return {"id": str(number), "infons": {"type": kind, "identifier": "D1"}, "text": text, "locations": locations}


def _passage(offset: int, text: str, *annotations: Any) -> dict[str, Any]:
    return {"offset": offset, "infons": {"type": "title"}, "text": text, "annotations": annotations, "relations": []}


TITLE = _passage(0, "Left and right arm", _annotation(1, "Arm", "Left arm", (0, 4), (15, 3)))
ABSTRACT = _passage(
    20,
    "Ada took aspirin. It hurt.",
    _annotation(2, "Drug", "aspirin", (29, 7)),
    _annotation(3, None, "Ada", (20, 3)),
    _annotation(4, "Drug", "Ada"),
)
IN_SENTENCES = {
    "offset": 0,
    "infons": {},
    "sentences": [_passage(0, "Ada slept."), _passage(11, "In Rome.", _annotation(5, "City", "Rome", (14, 4)))],
}
DOCUMENTS = [{"id": "1", "passages": [TITLE, ABSTRACT]}, {"id": "2", "passages": [IN_SENTENCES]}]
EXPECTED = [[("Left and right arm", "Arm")], [("aspirin", "Drug")], [], [], [("Rome", "City")]]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"source": "x", "date": "", "infons": {}, "documents": DOCUMENTS}),
        json.dumps({"PubTator3": DOCUMENTS}, indent=1),
        json.dumps(DOCUMENTS),
        "\n".join(map(json.dumps, DOCUMENTS)),
    ],
    ids=["collection", "PubTator 3", "array", "lines"],
)
def test_documents_are_read(content: str, tmp_path: Path) -> None:
    reader = open_file(tmp_path / "x.json", content)
    assert entities(reader) == EXPECTED
    assert reader.read("all")[1].words == ("Ada", "took", "aspirin", ".")
    assert reader.read("all")[0].types == ("Arm", "City", "Drug")
    assert reader.detail("all") == "BioC"
    assert [kind for kind, _ in notes(reader)] == ["discontinuous", "no_type", "unplaceable"]


def test_places_name_document_passage_and_annotation(tmp_path: Path) -> None:
    reader = open_file(tmp_path / "x.json", json.dumps({"documents": DOCUMENTS}))
    assert [Path(one.source).name for one in reader.read("all")][-1] == "x.json:1, document 2"
    assert notes(reader)[0] == ("discontinuous", "x.json:1, document 1, passage 1, annotation 1")


def test_another_field_may_have_the_type(tmp_path: Path) -> None:
    reader = open_file(tmp_path / "x.json", json.dumps(DOCUMENTS), columns={"type": "identifier"})
    assert reader.read("all")[0].types == ("D1",)


@pytest.mark.parametrize(
    ("passage", "message"),
    [
        (_passage(0, "Ada", {"id": "7"}), r"x.json:1, passage 1, annotation 7: expected `locations` such as"),
        (_passage(0, "Ada", {"id": "7", "locations": [{"offset": 0}]}), r"annotation 7: expected `locations` such as"),
        ({"offset": "x", "text": "Ada"}, r"x.json:1, passage 1: expected an `offset` and a `text`"),
    ],
)
def test_bad_documents_raise_with_their_place(passage: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        open_file(tmp_path / "x.json", json.dumps({"id": "1", "passages": [passage]})).read("all")
