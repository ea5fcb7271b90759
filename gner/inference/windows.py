"""Long texts in windows, and the entities of all windows as those of one text.

**Cutting.** Windows end at sentence ends, and inside a sentence only if it does not fit. A window of several sentences
shares its last one with the next window, if that is not most of it; one that ends inside a sentence shares some words.

**Merging.** Each window judges the text up to the middle of its overlap with the next. An entity over the middle is
taken from the window that shows it whole, that is, not up against that window's cut; from the earlier one if both do.
If neither does and the two agree on the type, their parts are joined; so are parts up against a cut inside a sentence
where there was no room to share words. So an entity on a seam comes out once and whole.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from itertools import chain, takewhile
from typing import NamedTuple

from gner.records import Entity


class Window(NamedTuple):
    """Words ``start`` to ``end`` (exclusive) of a text."""

    start: int
    end: int


def cut(
    ends: Sequence[int], fits: Callable[[int, int], bool], *, most_words: int | None = None, overlap: int = 8
) -> list[Window]:
    """Cut a text into windows.

    Args:
        ends: One behind the last word of each sentence, in order; the last is the number of words.
        fits: Whether the model can read words ``start`` to ``end`` at once; true for a part of what is.
        most_words: Windows of several sentences have no more words than this; null for no such limit.
        overlap: Words that two windows inside a sentence share, where there is room.

    Example:
        >>> cut([6, 9, 15], lambda start, end: end - start <= 10)
        [Window(start=0, end=9), Window(start=6, end=15)]
        >>> cut([15], lambda start, end: end - start <= 10, overlap=2)
        [Window(start=0, end=10), Window(start=8, end=15)]
    """
    num_words = ends[-1] if ends else 0
    windows = [Window(0, _window_end(Window(0, 0), ends, fits, most_words))] if num_words else []
    while windows and windows[-1].end < num_words:
        start = _next_start(windows[-1], ends, fits, overlap)
        windows.append(Window(start, _window_end(Window(start, windows[-1].end), ends, fits, most_words)))
    return windows


def halves(window: Window, overlap: int = 8) -> list[Window]:
    """Cut a window of at least two words that turned out too long."""
    middle = (window.start + window.end) // 2
    shared = min(overlap, (window.end - window.start) // 4)
    return [Window(window.start, middle), Window(middle - shared, window.end)]


def _window_end(known: Window, ends: Sequence[int], fits: Callable[[int, int], bool], most_words: int | None) -> int:
    """Where a window ends that starts with what is known: words that the one before has too."""
    first = bisect_right(ends, known.end)
    end = ends[first]
    if not fits(known.start, end):
        longest = range(known.end + 1, end + 1)
        return known.end + max(1, bisect_left(longest, True, key=lambda last: not fits(known.start, last)))
    for candidate in ends[first + 1 :]:
        if not fits(known.start, candidate) or (most_words is not None and candidate - known.start > most_words):
            break
        end = candidate
    return end


def _next_start(window: Window, ends: Sequence[int], fits: Callable[[int, int], bool], overlap: int) -> int:
    overlap = min(overlap, (window.end - window.start) // 2)
    place = bisect_left(ends, window.end)
    if ends[place] != window.end:
        start = window.end - overlap
    elif place and ends[place - 1] > max(window.start, (window.start + window.end - 1) // 2):
        start = ends[place - 1]
    else:
        start = window.end
    sentence_end = ends[bisect_right(ends, window.end)]
    is_end = ends[place] == window.end
    needed = sentence_end if is_end and fits(window.end, sentence_end) else window.end + 1
    while start < window.end and not fits(start, needed):
        start += 1
    return start


def merge(
    windows: Sequence[Window], entities: Sequence[Iterable[Entity]], ends: Container[int] = frozenset()
) -> list[Entity]:
    """The entities of a text, by the rule of this module.

    Args:
        windows: In order; each starts before the end of the one before, or there.
        entities: Those of each window, in order and in words of the text.
        ends: Where sentences end, one behind the last word; two windows that part there share no entity.

    Returns:
        Entities in order, without overlaps.
    """
    merged: list[Entity] = []
    before = Window(0, 0)
    for window, found in zip(windows, entities, strict=True):
        seam = (window.start + before.end + 1) // 2
        while merged and merged[-1].start >= seam:
            merged.pop()
        shares_nothing = window.start == before.end
        for entity in found:
            touches = shares_nothing and entity.start == seam not in ends and merged and merged[-1].end == seam
            if touches and merged[-1].type == entity.type:
                merged[-1] = _join(merged[-1], entity)
            elif entity.end > seam:
                _add(merged, entity, cut_start=window.start, cut_end=before.end)
        before = window
    return merged


def _add(merged: list[Entity], entity: Entity, *, cut_start: int, cut_end: int) -> None:
    """Add an entity of a window to those before it in the text, which are of earlier windows too."""
    rivals = list(takewhile(lambda other: other.end > entity.start, reversed(merged)))
    if not rivals:
        merged.append(entity)
    elif any(other.end != cut_end for other in rivals):
        return
    elif entity.start > cut_start:
        merged[-1] = entity
    elif rivals[0].type == entity.type:
        merged[-1] = _join(rivals[0], entity)


def _join(entity: Entity, rest: Entity) -> Entity:
    scores = [score for score in (entity.score, rest.score) if score is not None]
    return replace(entity, end=rest.end, score=min(scores, default=None))


def best_of(groups: Iterable[Iterable[Entity]]) -> list[Entity]:
    """The entities that several prompts over the same words gave, without overlaps: the higher score wins.

    Where scores are equal, the longer one does, and then the one that was found first.
    """
    found = list(chain.from_iterable(groups))
    found.sort(key=lambda entity: (-(entity.score or 0.0), entity.start - entity.end))
    kept: list[Entity] = []
    for entity in found:
        if all(entity.end <= other.start or other.end <= entity.start for other in kept):
            kept.append(entity)
    return sorted(kept, key=lambda entity: entity.start)
