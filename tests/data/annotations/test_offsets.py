"""Correcting the offsets of spans that do not match their text."""

import re
import time

from gner.data.annotations.offsets import correct_offsets
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Span, Text


def test_relocating_spans_is_linear_time() -> None:
    size = 4000
    text = " ".join(f"in\n town{number}" for number in range(size))
    starts = [match.start() for match in re.finditer("in\n", text)]
    spans = [Span(start + 1, start + 4, "x", f"in town{number}") for number, start in enumerate(starts)]
    report = ReadReport()
    begin = time.perf_counter()
    placed = correct_offsets(Text(text, spans, "a"), report)
    assert time.perf_counter() - begin < 10  # quadratic search took minutes
    assert [span.start for span in placed] == starts
    assert report.counts() == {"moved": size}


def test_ends_are_not_inclusive_where_one_is_the_end_of_the_text() -> None:
    report = ReadReport()
    text = Text("1111a1", [Span(0, 6, "x"), Span(4, 4, "x", text="a")], "a.jsonl:1")
    assert [(span.start, span.end) for span in correct_offsets(text, report)] == [(0, 6), (4, 5)]
    assert dict(report.counts()) == {"moved": 1}
