"""Where annotated strings stand in their text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from gner.data.reading.records import Span, Text
from gner.data.reading.report import ReadReport
from gner.words import Word

_ODD_SPACE = re.compile(r"\s{2}|[^\S ]")


def place_string(text: str, words: Sequence[Word], string: str) -> list[tuple[int, int]]:
    """All places of a string in a text, as characters.

    The first of these that finds something: places that start and end where words do; places that are not within a run
    of letters and digits; the same two without regard to case. White space in the string is any white space.

    Example:
        >>> from gner.words import WordSplitter
        >>> text = "Ann met Anna, and ann."
        >>> place_string(text, WordSplitter()(text), "Ann"), place_string(text, WordSplitter()(text), "ANNA")
        ([(0, 3)], [(8, 12)])
    """
    parts = string.split()
    if not parts:
        return []
    starts = {word.start for word in words}
    ends = {word.end for word in words}
    for flags in (0, re.IGNORECASE):
        found = list(_occurrences(text, parts, flags))
        aligned = [(start, end) for start, end in found if start in starts and end in ends]
        apart = aligned or [place for place in found if _is_apart(text, *place)]
        if apart:
            return apart
    return []


def _occurrences(text: str, parts: list[str], flags: int) -> Iterator[tuple[int, int]]:
    if not flags and (len(parts) == 1 or not _ODD_SPACE.search(text)):  # compiling a pattern takes longer
        string = " ".join(parts)
        start = text.find(string)
        while start >= 0:
            yield start, start + len(string)
            start = text.find(string, start + len(string))
        return
    pattern = re.compile(r"\s+".join(map(re.escape, parts)), flags)
    for match in pattern.finditer(text):
        yield match.span()


def _is_apart(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() and text[start].isalnum()) and not (after.isalnum() and text[end - 1].isalnum())


def settle_offsets(text: Text, report: ReadReport) -> list[Span]:
    """Put spans where the text stands that the file gives for them.

    If some do not fit, offsets may count UTF-16 units or other line ends; if all fit that way, so they are read. Else
    a span that does not fit goes to the nearest place of its text, and is left out where there is none. Spans without
    text are taken as they are.
    """
    spans = list(text.spans)
    if all(_fits(text.text, span) for span in spans):
        return spans
    for offsets in _other_counts(text.text):
        counted = [_counted(span, offsets) for span in spans]
        if all(span is not None and _fits(text.text, span) for span in counted):
            report.add("recounted", text.place, f"{len(spans)} spans")
            return [span for span in counted if span is not None]
    return [placed for span in spans if (placed := _moved(text, span, report)) is not None]


def _fits(text: str, span: Span) -> bool:
    return span.text is None or text[span.start : span.end].split() == span.text.split()


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


def _moved(text: Text, span: Span, report: ReadReport) -> Span | None:
    if _fits(text.text, span):
        return span
    assert span.text is not None
    place = span.place or text.place
    found = list(_occurrences(text.text, span.text.split(), 0)) if span.text.split() else []
    if not found:
        report.add("unplaceable", place, f"`{span.text}` ({span.type})")
        return None
    start, end = min(found, key=lambda where: abs(where[0] - span.start))
    report.add("moved", place, f"`{span.text}` ({span.type}) from {span.start} to {start}")
    return span._replace(start=start, end=end)


def touched(words: Sequence[Word], start: int, end: int) -> tuple[int, int]:
    """The words that share a character with a span: the first, and one behind the last.

    Example:
        >>> from gner.words import WordSplitter
        >>> touched(WordSplitter()("New York-based firm"), 4, 8)
        (1, 2)
    """
    first = bisect_left(words, start + 1, key=lambda word: word.end)
    last = bisect_left(words, end, key=lambda word: word.start)
    return first, max(first, last)
