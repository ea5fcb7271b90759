"""Reading brat standoff files."""

from pathlib import Path

import pytest

from gner.bio import to_entities
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError

TEXT = "Ada Lovelace met\nBob. They left for New\nYork City.\n\nSouth and North Korea play.\n"


def _write(folder: Path, annotations: str, text: str = TEXT, name: str = "doc-1") -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / f"{name}.txt").write_bytes(text.encode())
    (folder / f"{name}.ann").write_bytes(annotations.encode())
    return folder


def _read(path: Path, **options: object) -> tuple[list[list[tuple[str, str]]], SourceReader]:
    reader = SourceReader(Source(str(path), **options))  # type: ignore[arg-type]
    examples = reader.read(reader.parts[0])
    entities = [
        [(" ".join(one.words[entity.start : entity.end]), entity.type) for entity in to_entities(one.tags)]
        for one in examples
    ]
    return entities, reader


ANNOTATIONS = (
    "T1\tPerson 0 12\tAda Lovelace\n"
    "T2\tPerson 17 20\tBob\n"
    "T3\tPlace 36 39;40 49\tNew York City\n"  # continues in the next line
    "T4\tPlace 52 57;68 73\tSouth Korea\n"
    "T5\tPlace 62 73\tNorth Korea\n"
    "T6\tMeet 13 16\tmet\n"
    "E1\tMeet:T6 Who:T1\n"
    "R1\tKnows Arg1:T1 Arg2:T2\t\n"
    "A1\tNegation E1\n"
    "*\tEquiv T1 T2\n"
    "#1\tAnnotatorNotes T1\ta note\n"
    "N1\tReference T1 Wikidata:Q7259\tAda\n"
)
CONFIGURATION = (
    "[entities]\n# comment\n!Thing\n\tPerson\n\tPlace\tx\nOrganization\n[relations]\nKnows\tArg1:Person, Arg2:Person\n"
    "[events]\nMeet\tWho:Person\n[attributes]\n"
)


def test_documents_become_sentences_with_their_entities(tmp_path: Path) -> None:
    _write(tmp_path / "corpus", ANNOTATIONS)
    (tmp_path / "annotation.conf").write_text(CONFIGURATION)  # brat also looks above the folder
    entities, reader = _read(tmp_path / "corpus")
    assert entities == [
        [("Ada Lovelace", "Person"), ("Bob", "Person")],
        [("New York City", "Place")],
        [("South and North Korea", "Place")],
    ]
    examples = reader.read("all")
    assert examples[0].types == ("Person", "Place", "Organization")
    text = tmp_path / "corpus" / "doc-1.txt"
    assert [example.source for example in examples] == [f"{text}:1", f"{text}:2", f"{text}:5"]
    report = reader.reports["all"]
    assert report.counts() == {"discontinuous": 1, "overlapping": 1, "not_entity": 1}
    assert report.of("discontinuous")[0].place.endswith("doc-1.ann:4")
    assert report.of("overlapping")[0].what == "`North Korea` (Place) overlaps `South and North Korea` (Place)"


def test_offsets_may_count_crlf_as_one_or_two(tmp_path: Path) -> None:
    text = "One.\r\nAda met Bob.\r\n"
    for start in (6, 5):
        _write(tmp_path / str(start), f"T1\tPerson {start} {start + 3}\tAda\n", text)
        entities, reader = _read(tmp_path / str(start))
        assert entities[-1] == [("Ada", "Person")]
        assert reader.reports["all"].counts() == ({"recounted": 1} if start == 5 else {})


def test_splits_are_folders_not_document_names(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        _write(tmp_path / split, "T1\tPerson 0 12\tAda Lovelace\n", name="test-station")
    reader = SourceReader(Source(str(tmp_path)))
    assert sorted(reader.parts) == ["dev", "train"]
    flat = SourceReader(Source(str(tmp_path / "train")))
    assert flat.parts == ["all"]


def test_one_document_and_one_without_annotations(tmp_path: Path) -> None:
    _write(tmp_path, "T1\tPerson 0 12\tAda Lovelace\n")
    assert len(_read(tmp_path / "doc-1.ann")[0]) == len(_read(tmp_path / "doc-1.txt")[0]) == 3
    (tmp_path / "other.txt").write_text("Nothing.")
    _, reader = _read(tmp_path)
    assert reader.reports["all"].counts() == {"unannotated": 1}


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ("T1\tPerson 0\tAda\n", r"doc-1.ann:1: expected `T1<TAB>Type 0 5<TAB>text`"),
        ("\nT1 Person 0 3 Ada\n", r"doc-1.ann:2: expected"),
        ("T1\tPerson 0 999\n", r"doc-1.ann:1: expected a span within the \d+ characters"),
    ],
)
def test_bad_lines_raise_with_the_line(annotations: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        _read(_write(tmp_path, annotations))


def test_annotations_without_a_text_raise(tmp_path: Path) -> None:
    (tmp_path / "a.ann").write_text("T1\tPerson 0 3\tAda\n")
    with pytest.raises(UserError, match=r"a.txt, but that does not exist"):
        _read(tmp_path)


def test_a_first_document_without_annotations_does_not_hide_the_others(tmp_path: Path) -> None:
    _write(tmp_path, "T1\tPerson 0 3\tAda\n", "Ada left.\n")
    (tmp_path / "a.txt").write_text("nothing\n")
    entities, reader = _read(tmp_path)
    assert entities == [[("Ada", "Person")]]
    assert reader.reports["all"].counts() == {"unannotated": 1}


def test_event_triggers_are_detected_without_a_configuration(tmp_path: Path) -> None:
    _write(tmp_path, ANNOTATIONS)
    entities, reader = _read(tmp_path)
    assert entities[0] == [("Ada Lovelace", "Person"), ("Bob", "Person")]
    assert reader.reports["all"].counts()["not_entity"] == 1
