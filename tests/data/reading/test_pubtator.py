"""Reading PubTator files."""

from pathlib import Path

import pytest

from gner.data.annotations.spans import Options
from gner.data.reading.passages import Mention, Passage, join_passages
from gner.errors import UserError
from tests.data.reading.documents import entities, notes, open_file

FIRST = (
    "1|t|Naloxone and clonidine\n"
    "1|a|Ada took naloxone. Blood pressure rose.\n"
    "1\t0\t8\tNaloxone\tChemical\tD009270\n"
    "1\t33\t41\tnaloxone\tChemical\tD009270\n"  # counts one character too many
    "1\t42\t56\tBlood pressure\tSign\n"
    "1\t13\t22\tclonidine\t\tD003000\n"
    "1\tCID\tD009270\tD003000\n"
)
SECOND = "2|t|Rash|t|\n2|a|\n2\t0\t4\tRash\tSign\tD1\n2\t0\t4\tItch\tSign\tD2\n"


def test_documents_are_read_with_title_and_abstract(tmp_path: Path) -> None:
    reader = open_file(tmp_path / "x.txt", f"{FIRST}\n\n{SECOND}")
    assert entities(reader) == [
        [("Naloxone", "Chemical")],
        [("naloxone", "Chemical")],
        [("Blood pressure", "Sign")],
        [("Rash", "Sign")],
    ]
    examples = reader.read("all")
    assert examples[0].words == ("Naloxone", "and", "clonidine")
    assert [Path(one.source).name for one in examples] == ["x.txt:1", "x.txt:1", "x.txt:1", "x.txt:10"]
    assert examples[0].types == ("Chemical", "Sign")
    assert reader.detail("all") == "PubTator"
    assert notes(reader) == [("no_type", "x.txt:6"), ("moved", "x.txt:4"), ("unplaceable", "x.txt:13")]


def test_documents_need_no_blank_line_between_them(tmp_path: Path) -> None:
    assert len(entities(open_file(tmp_path / "x.txt", FIRST + SECOND))) == 4


def test_a_mention_may_span_passages() -> None:
    mentions = [Mention([(0, 7)], "x", "ab cdef", "a:1"), Mention([(3, 4)], "y", "c", "a:2")]
    text = join_passages([Passage(3, "cdef"), Passage(0, "ab")], mentions, "a", Options())
    assert text.text == "ab\n\ncdef"
    assert [text.text[one.start : one.end] for one in text.spans] == ["ab\n\ncdef", "c"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (FIRST + "1\t0\t8\tNaloxone\n", r"x.txt:8: expected an annotation of 1 in columns separated by tabs"),
        (FIRST + "1\t0\tx\tNaloxone\tChemical\n", r"x.txt:8: expected an annotation of 1"),
        (FIRST + "7\t0\t8\tNaloxone\tChemical\tD1\n", r"x.txt:8: expected an annotation of 1 .* found '7"),
        (FIRST + "\n1\t0\t8\tNaloxone\tChemical\n", r"x.txt:9: expected a title and an abstract, .* found '1"),
        (FIRST + "\n3|a|Only this\n", r"x.txt:9: expected a title and an abstract"),
    ],
)
def test_bad_files_raise_with_the_line(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        open_file(tmp_path / "x.txt", content).read("all")
