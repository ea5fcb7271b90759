"""Annotations in several parts become one span."""

import pytest

from gner.data.annotations.fragments import join_fragments
from gner.data.annotations.spans import Options, Span

TEXT = "New\n York City"


@pytest.mark.parametrize(
    ("fragments", "end", "covered"),
    [
        ([(0, 3)], 3, "x"),
        ([(5, 9), (0, 3)], 9, "x"),  # a line end is between them
        ([(0, 3), (10, 14)], 14, None),
        ([(0, 9), (2, 3)], 9, "x"),
    ],
)
def test_only_gaps_with_text_are_reported(fragments: list[tuple[int, int]], end: int, covered: str | None) -> None:
    options = Options()
    assert join_fragments(fragments, "city", "x", TEXT, place="a:1", options=options) == Span(
        0, end, "city", covered, "a:1"
    )
    assert options.report.counts()["discontinuous"] == (covered is None)
