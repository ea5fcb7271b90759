"""Reading Amazon Comprehend's annotations."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.reading.documents import entities

LINES = "Diego Ramirez is an engineer.\nEmilio Johnson has been one.\n\nOur employee, Mateo Jackson, left.\n"
ROWS = (
    "File, Line, Begin Offset, End Offset, Type\n"
    "documents.txt, 0, 0, 13, ENGINEER\n"
    "documents.txt, 3, 14, 27, MANAGER\n"
    "documents.txt, 3, 13, 14, MANAGER\n"
)


def _write(folder: Path, rows: str = ROWS, text: str = LINES, documents: str = ".") -> Path:
    (folder / "annotations").mkdir(parents=True)
    path = folder / "annotations" / "entities.csv"
    path.write_text(rows)
    target = path.parent / documents / "documents.txt"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    return path


@pytest.mark.parametrize("documents", [".", "../documents"])
@pytest.mark.parametrize("is_folder", [True, False])
def test_a_document_per_line(documents: str, is_folder: bool, tmp_path: Path) -> None:
    path = _write(tmp_path / "corpus", documents=documents)
    reader = SourceReader(Source(str(tmp_path / "corpus" if is_folder else path)))
    assert entities(reader) == [[("Diego Ramirez", "ENGINEER")], [], [("Mateo Jackson", "MANAGER")]]
    assert [Path(one.source).name for one in reader.read("all")] == [f"documents.txt:{line}" for line in (1, 2, 4)]
    assert reader.read("all")[1].types == ("ENGINEER", "MANAGER")
    assert reader.detail("all") == "Amazon Comprehend's annotations"
    assert [(note.kind, note.place) for note in reader.reports["all"].notes] == [("empty", f"{path}:4")]


def test_a_document_per_file(tmp_path: Path) -> None:
    rows = "File,Begin Offset,End Offset,Type\ndocuments.txt,0,13,A\ndocuments.txt,30,44,A\n"
    reader = SourceReader(Source(str(_write(tmp_path, rows))))
    assert entities(reader)[:2] == [[("Diego Ramirez", "A")], [("Emilio Johnson", "A")]]
    assert Path(reader.read("all")[1].source).name == "documents.txt:2"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS + "documents.txt,x,0,1,A\n", r"entities.csv:5: expected file, line, .* found 'documents.txt,x,0,1,A'"),
        (ROWS + "documents.txt,0,0,A\n", r"entities.csv:5: expected file, line"),
        (ROWS + "documents.txt,9,0,1,A\n", r"entities.csv:5: expected a line of .*documents.txt from 0 to 4, found 9"),
        (ROWS + "documents.txt,0,0,99,A\n", r"entities.csv:5: expected a span within the 29 characters of the text"),
        (ROWS + "other.txt,0,0,1,A\n", r"entities.csv: expected one file other.txt with the text, found neither"),
        ("Text,Type\nDiego Ramirez,ENGINEER\n", r"entities.csv:1: .* found a list of entities, which has no sentences"),
    ],
)
def test_bad_files_raise_with_the_line(rows: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        SourceReader(Source(str(_write(tmp_path, rows)))).read("all")


def test_other_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"entities.csv:1: expected the columns file, line"):
        SourceReader(Source(str(_write(tmp_path, "a,b\n")), format="comprehend")).read("all")
