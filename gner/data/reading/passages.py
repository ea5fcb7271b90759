"""Puts the passages of a document together, such as title and abstract, with spans whose offsets count the document."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from gner.data.annotations.fragments import join_fragments
from gner.data.annotations.spans import Options, Span, Text

_BETWEEN = "\n\n"
"""A blank line, as no sentence goes on from one passage to the next."""


class Passage(NamedTuple):
    """A piece of a document, and where it starts in it."""

    start: int
    text: str


class Mention(NamedTuple):
    """An annotation of a document.

    Attributes:
        places: First and exclusive last character of each part.
        type: Its type; empty without one.
        text: Its text according to the file; None if the file does not say.
        place: Where it is, for messages.
    """

    places: Sequence[tuple[int, int]]
    type: str
    text: str | None
    place: str


def join_passages(passages: Sequence[Passage], mentions: Sequence[Mention], place: str, options: Options) -> Text:
    """The text of a document, with a blank line between passages.

    A mention in several parts becomes one span from the first to the last, which is reported unless only whitespace is
    between them. Mentions without a type or without places are left out and reported.

    Example:
        >>> mentions = [Mention([(4, 7)], "person", "Ada", "a:1")]
        >>> text = join_passages([Passage(0, "On"), Passage(3, " Ada.")], mentions, "a:1", Options())
        >>> text.text, text.spans[0].start
        ('On\\n\\n Ada.', 5)
    """
    joined = _Joined(passages)
    spans: list[Span] = []
    for mention in mentions:
        if not mention.places:
            options.report.add("unplaceable", mention.place, f"`{mention.text}` has no offsets")
        elif not mention.type:
            options.report.add("no_type", mention.place, f"`{mention.text}`")
        else:
            places = [joined.place_of(start, end) for start, end in mention.places]
            spans.append(
                join_fragments(places, mention.type, mention.text, joined.text, place=mention.place, options=options)
            )
    return Text(joined.text, spans, place, cut="always")


class _Joined:
    """Passages in one text, which knows where the characters of the document are in it."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        ordered = sorted(passages, key=lambda passage: passage.start) or [Passage(0, "")]
        self.text = _BETWEEN.join(passage.text for passage in ordered)
        self._theirs = [passage.start for passage in ordered]
        lengths = (len(passage.text) + len(_BETWEEN) for passage in ordered)
        self._ours = [0, *accumulate(lengths)]

    def place_of(self, start: int, end: int) -> tuple[int, int]:
        """Our first and exclusive last character for those of the document."""
        return self._moved(start), self._moved(end - 1) + 1 if end > start else self._moved(end)

    def _moved(self, offset: int) -> int:
        at = max(0, bisect_right(self._theirs, offset) - 1)
        return self._ours[at] + offset - self._theirs[at]
