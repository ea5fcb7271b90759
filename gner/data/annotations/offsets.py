"""Corrects offsets of spans that do not match their text. See docs/decisions/data_sources.md."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Span, Text

_ESCAPES = re.compile(r"\\[nrt]|##")
"""Line ends and tabs as Label Studio escapes them in the text of a region, and the prefix of WordPiece subwords."""


def correct_offsets(text: Text, report: ReadReport) -> list[Span]:
    """Make the offsets of spans agree with the text that the file gives for them.

    Differences in case and whitespace, and in how tools write line ends and subwords (``\\n``, ``##``), are ignored,
    unless they show that the file counts differently: if not all spans match exactly, but all do with offsets in UTF-16
    units, with other line ends, or with ends that are inclusive, then these are converted. A span that still does not
    match moves to the nearest occurrence of its text; without one, its ``trust`` decides. Spans without text stay
    unchanged.

    Example:
        >>> report = ReadReport()
        >>> text = Text("🎉 Ada slept", [Span(3, 6, "person", text="Ada")], "a.jsonl:1")
        >>> [span.start for span in correct_offsets(text, report)]  # UTF-16 has two units for an emoji
        [2]
        >>> [span.start for span in correct_offsets(Text("I saw Ada", [Span(0, 3, "person", "Ada")], "a:1"), report)]
        [6]
        >>> dict(report.counts())
        {'recounted': 1, 'moved': 1}
    """
    spans = list(text.spans)
    if all(_matches(text.text, span) for span in spans):
        return spans
    converted = _converted(spans, text, report)
    if converted is not None:
        return converted
    finder = _Finder(text.text)
    moved = [_move(text, span, finder, report) for span in spans]
    return [span for span in moved if span is not None]


def _converted(spans: list[Span], text: Text, report: ReadReport) -> list[Span] | None:
    """The spans, if all of them match when the file's offsets are read in one way; None if there is no such way."""
    are_within = all(span.end < len(text.text) for span in spans)
    if are_within and all(span.text in (None, text.text[span.start : span.end + 1]) for span in spans):
        report.add("inclusive", text.place, f"{len(spans)} spans")
        return [span._replace(end=span.end + 1) for span in spans]
    for matches in (_matches, _matches_loosely):
        recounted = _convert_all(spans, text.text, matches)
        if recounted is not None:
            report.add("recounted", text.place, f"{len(spans)} spans")
            return recounted
        if all(_matches_loosely(text.text, span) for span in spans):
            return spans
    return None


def _convert_all(spans: list[Span], text: str, matches: Callable[[str, Span], bool]) -> list[Span] | None:
    """The spans under the first other way to count that makes all of them match; None if no way does."""
    for offsets in _other_offsets(text):
        converted: list[Span] = []
        for span in spans:
            ours = _convert(span, offsets)
            if ours is None or not matches(text, ours):
                break
            converted.append(ours)
        else:
            return converted
    return None


def _matches(text: str, span: Span) -> bool:
    return span.text is None or text[span.start : span.end].split() == span.text.split()


def _matches_loosely(text: str, span: Span) -> bool:
    if span.text is None:
        return True
    return 0 <= span.start < span.end <= len(text) and normalize(text[span.start : span.end]) == normalize(span.text)


def normalize(text: str) -> str:
    """A text without what tools change in it: case, whitespace, escapes and subword prefixes.

    Example:
        >>> normalize("U. S."), normalize("##lace"), normalize("New\\\\nYork")
        ('u.s.', 'lace', 'newyork')
    """
    return "".join(_ESCAPES.sub("", text).split()).casefold()


def _convert(span: Span, offsets: Sequence[int]) -> Span | None:
    if not 0 <= span.start <= span.end < len(offsets):
        return None
    return span._replace(start=offsets[span.start], end=offsets[span.end])


def _other_offsets(text: str) -> Iterator[list[int]]:
    """For each other way to count characters, our offset at each of its offsets."""
    if any(ord(sign) > 0xFFFF for sign in text):  # UTF-16 has two units for these
        yield _offset_table(text, [2 if ord(sign) > 0xFFFF else 1 for sign in text])
    if "\r\n" in text:  # the file counts \n
        yield _offset_table(text, [0 if text.startswith("\r\n", position) else 1 for position in range(len(text))])
    elif "\n" in text:  # the file counts \r\n
        yield _offset_table(text, [2 if sign == "\n" else 1 for sign in text])


def _offset_table(text: str, widths: list[int]) -> list[int]:
    """Our offset at each of theirs, given how many of theirs each character takes; includes the end of the text."""
    offsets: list[int] = []
    for position, width in enumerate(widths):
        offsets += [position] * width
    return [*offsets, len(text)]


class _Finder:
    """Finds the nearest occurrence of a string, ignoring differences in whitespace.

    A search takes time proportional to the distance, so correcting many spans of a long text stays fast.
    """

    def __init__(self, text: str) -> None:
        self._text = " ".join(text.split())
        self._places: list[int] = []  # offset of each character of `_text` in the original text
        for match in re.finditer(r"\S+", text):
            if self._places:
                self._places.append(self._places[-1] + 1)
            self._places += range(*match.span())
        self._missing: set[str] = set()

    def nearest(self, string: str, start: int) -> tuple[int, int] | None:
        """The occurrence that starts nearest to ``start``, the earlier of two equally near; None without any."""
        string = " ".join(string.split())
        if not string or string in self._missing:
            return None
        at = bisect_left(self._places, start)
        after = self._text.find(string, at)
        # Search backwards no farther than the occurrence found ahead.
        first = bisect_left(self._places, 2 * start - self._places[after]) if after >= 0 else 0
        before = self._text.rfind(string, first, max(0, at + len(string) - 1))
        found = [position for position in (before, after) if position >= 0]
        if not found:
            self._missing.add(string)
            return None
        best = min(found, key=lambda position: abs(self._places[position] - start))
        return self._places[best], self._places[best + len(string) - 1] + 1


def _move(text: Text, span: Span, finder: _Finder, report: ReadReport) -> Span | None:
    """A span at the nearest occurrence of its text; None if it is left out."""
    if _matches(text.text, span) or _matches_loosely(text.text, span):
        return span
    assert span.text is not None
    place = span.place or text.place
    is_inside = 0 <= span.start < span.end <= len(text.text)
    found = None
    if span.trust != "offsets" or not is_inside:
        found = finder.nearest(span.text, span.start) or finder.nearest(_ESCAPES.sub(" ", span.text), span.start)
    if found is not None:
        report.add("moved", place, f"`{span.text}` ({span.type}) from {span.start} to {found[0]}")
        return span._replace(start=found[0], end=found[1])
    if is_inside and span.trust != "text":
        actual = " ".join(text.text[span.start : span.end].split())
        report.add("unmatched", place, f"`{span.text}` ({span.type}), where the text has `{actual}`")
        return span
    report.add("unplaceable", place, f"`{span.text}` ({span.type})")
    return None
