"""Makes one span of an annotation in several parts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gner.data.annotations.spans import Options, Span


def join_fragments(
    fragments: Sequence[tuple[int, int]],
    entity_type: str,
    covered: str | None,
    text: str,
    *,
    place: str,
    options: Options,
) -> Span:
    """The span from the first to the last fragment, which is reported unless only whitespace is between them.

    Args:
        fragments: First and exclusive last character of each, in any order; at least one.
        entity_type: The type of the annotation.
        covered: Its text according to the file; None if the file does not say. With anything between fragments it is
            not that of the span.
        text: The whole text.
        place: Where the annotation is, for messages.
        options: Whose report to add to.

    Example:
        >>> options = Options()
        >>> text = "New York City"
        >>> span = join_fragments([(0, 3), (9, 13)], "city", "New City", text, place="a.ann:1", options=options)
        >>> span.end, span.text, dict(options.report.counts())
        (13, None, {'discontinuous': 1})
    """
    ordered = sorted(fragments)
    start, end = ordered[0][0], max(last for _, last in ordered)
    gaps = [text[before[1] : after[0]] for before, after in pairwise(ordered)]
    if any(gap.strip() for gap in gaps):
        whole = " ".join(text[start:end].split())
        options.report.add("discontinuous", place, f"`{covered}` ({entity_type}) is now `{whole}`")
        covered = None
    return Span(start, end, entity_type, covered, place)
