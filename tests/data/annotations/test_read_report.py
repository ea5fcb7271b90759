"""What happened to annotations is counted and told."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from gner.data.annotations.read_report import MEANING, Kind, ReadReport

KINDS: list[Kind] = list(get_args(Kind))


def test_every_kind_of_change_has_a_meaning() -> None:
    assert set(MEANING) == set(KINDS)


@given(st.lists(st.sampled_from(KINDS), max_size=20))
def test_a_report_has_a_line_for_each_kind_with_its_number_and_its_first_place(kinds: list[Kind]) -> None:
    report = ReadReport()
    for number, kind in enumerate(kinds):
        report.add(kind, f"a.txt:{number}", "what")
    assert report.counts().total() == len(kinds)
    assert [note.place for note in report.notes] == [f"a.txt:{number}" for number in range(len(kinds))]
    lines = report.lines()
    assert len(lines) == len(set(kinds))
    for kind in set(kinds):
        number, first = kinds.count(kind), kinds.index(kind)
        assert f"{MEANING[kind]}: {number}; the first: a.txt:{first}: what" in lines
        assert len(report.of(kind)) == number
