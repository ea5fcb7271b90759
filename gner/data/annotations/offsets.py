"""Character offsets of annotations that do not match their text: counted in other units, or moved."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Span, Text

_WRITTEN = re.compile(r"\\[nrt]|##")
"""Line ends and tabs as Label Studio writes them in the text of a region, and the mark of pieces of words."""


def settle_offsets(text: Text, report: ReadReport) -> list[Span]:
    """Put spans where the text stands that the file gives for them.

    Case, white space, and how tools write line ends and pieces of words (``\\n``, ``##``) make no difference, unless
    they tell that offsets are counted otherwise: if some spans do not fit to the letter, but all do when UTF-16 units
    or other line ends are counted, so they are read. A span that still does not fit goes to the nearest place of its
    text; what happens if there is none says ``trust`` of the span. Spans without text are taken as they are.
    """
    spans = list(text.spans)
    if all(_fits(text.text, span) for span in spans):
        return spans
    for fits in (_fits, _fits_loosely):
        for offsets in _other_counts(text.text):
            counted = [_counted(span, offsets) for span in spans]
            if all(span is not None and fits(text.text, span) for span in counted):
                report.add("recounted", text.place, f"{len(spans)} spans")
                return [span for span in counted if span is not None]
        if all(_fits_loosely(text.text, span) for span in spans):
            return spans
    finder = _Finder(text.text)
    return [placed for span in spans if (placed := _moved(text, span, finder, report)) is not None]


def _fits(text: str, span: Span) -> bool:
    return span.text is None or text[span.start : span.end].split() == span.text.split()


def _fits_loosely(text: str, span: Span) -> bool:
    if span.text is None:
        return True
    return 0 <= span.start < span.end <= len(text) and letters(text[span.start : span.end]) == letters(span.text)


def letters(text: str) -> str:
    """A text without what tools change in it.

    Example:
        >>> letters("U. S."), letters("##lace"), letters("New\\\\nYork")
        ('u.s.', 'lace', 'newyork')
    """
    return "".join(_WRITTEN.sub("", text).split()).casefold()


def _counted(span: Span, offsets: Sequence[int]) -> Span | None:
    if not 0 <= span.start <= span.end < len(offsets):
        return None
    return span._replace(start=offsets[span.start], end=offsets[span.end])


def _other_counts(text: str) -> Iterator[list[int]]:
    """Other ways to count: for each of their offsets, ours."""
    if any(ord(sign) > 0xFFFF for sign in text):
        yield _offsets(text, [2 if ord(sign) > 0xFFFF else 1 for sign in text])
    if "\r\n" in text:  # they count \n
        yield _offsets(text, [0 if text.startswith("\r\n", position) else 1 for position in range(len(text))])
    elif "\n" in text:  # they count \r\n
        yield _offsets(text, [2 if sign == "\n" else 1 for sign in text])


def _offsets(text: str, widths: list[int]) -> list[int]:
    """Our position for each of theirs, one behind the last included."""
    offsets = [position for position, width in enumerate(widths) for _ in range(width)]
    return [*offsets, len(text)]


class _Finder:
    """Finds strings in a text, whatever white space is between their words, in time that grows with the distance."""

    def __init__(self, text: str) -> None:
        self._text = " ".join(text.split())
        self._places: list[int] = []  # of each character, in the text as it was
        for match in re.finditer(r"\S+", text):
            if self._places:
                self._places.append(self._places[-1] + 1)
            self._places += range(*match.span())
        self._missing: set[str] = set()

    def nearest(self, string: str, start: int) -> tuple[int, int] | None:
        """The place of a string that starts nearest; the earlier of two; None if it stands nowhere."""
        string = " ".join(string.split())
        if not string or string in self._missing:
            return None
        at = bisect_left(self._places, start)
        behind = self._text.find(string, at)
        # no farther back than what was found ahead
        first = bisect_left(self._places, 2 * start - self._places[behind]) if behind >= 0 else 0
        before = self._text.rfind(string, first, max(0, at + len(string) - 1))
        found = [position for position in (before, behind) if position >= 0]
        if not found:
            self._missing.add(string)
            return None
        best = min(found, key=lambda position: abs(self._places[position] - start))
        return self._places[best], self._places[best + len(string) - 1] + 1


def _moved(text: Text, span: Span, finder: _Finder, report: ReadReport) -> Span | None:
    if _fits(text.text, span) or _fits_loosely(text.text, span):
        return span
    assert span.text is not None
    place = span.place or text.place
    is_within = 0 <= span.start < span.end <= len(text.text)
    found = None
    if span.trust != "offsets" or not is_within:
        found = finder.nearest(span.text, span.start) or finder.nearest(_WRITTEN.sub(" ", span.text), span.start)
    if found is not None:
        report.add("moved", place, f"`{span.text}` ({span.type}) from {span.start} to {found[0]}")
        return span._replace(start=found[0], end=found[1])
    if is_within and span.trust != "text":
        stands = " ".join(text.text[span.start : span.end].split())
        report.add("unmatched", place, f"`{span.text}` ({span.type}), where `{stands}` stands")
        return span
    report.add("unplaceable", place, f"`{span.text}` ({span.type})")
    return None
