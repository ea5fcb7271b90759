"""Reading the JSON of NER Annotator."""

import json
from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError

ADA = ["Ada left Oslo.", {"entities": [[0, 3, "PER"], [9, 13, "LOC"]]}]


def _open(path: Path, *annotations: object, classes: object = ("PER", "LOC", "ORG")) -> SourceReader:
    value = {"classes": classes, "annotations": annotations}
    path.write_text(json.dumps(value), encoding="utf-8")
    return SourceReader(Source(str(path)))


def test_texts_are_read_with_the_classes_as_types(tmp_path: Path) -> None:
    reader = _open(tmp_path / "x.json", ADA, ["", {"entities": []}], None, ["Go.", {"entities": []}])
    examples = reader.read("all")
    assert [(one.words, one.tags) for one in examples] == [
        (("Ada", "left", "Oslo", "."), ("B-PER", "O", "B-LOC", "O")),
        (("Go", "."), ("O", "O")),
    ]
    assert {one.types for one in examples} == {("PER", "LOC", "ORG")}
    assert reader.detail("all") == "NER Annotator"
    place = f"{tmp_path / 'x.json'}:1, annotation"
    notes = [(note.kind, note.place) for note in reader.reports["all"].notes]
    assert notes == [("no_words", f"{place} 2"), ("unannotated", f"{place} 3")]


def test_undeclared_types_are_added(tmp_path: Path) -> None:
    reader = _open(tmp_path / "x.json", ADA, classes=["LOC"])
    assert reader.read("all")[0].types == ("LOC", "PER")
    assert reader.reports["all"].counts() == {"unknown_type": 1}


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (["Ada", {"entities": [["x", 3, "PER"]]}], r"x.json:1, annotation 2: expected a span with start, end"),
        (["Ada", {"entities": [[0, 9, "PER"]]}], r"x.json:1, annotation 2: expected a span within the 3 characters"),
    ],
)
def test_bad_annotations_raise_with_their_place(annotation: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _open(tmp_path / "x.json", ADA, annotation).read("all")


def test_an_annotation_that_is_no_pair_raises(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"classes": ["PER"], "annotations": [["Ada"]]}')
    with pytest.raises(UserError, match=r"x.json:1, annotation 1: expected a pair such as .* found \['Ada'\]"):
        SourceReader(Source(str(path), format="ner_annotator")).read("all")
