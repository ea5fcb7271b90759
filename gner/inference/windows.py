"""Splits long texts into overlapping windows, and merges the entities of the windows.

**Splitting.** Windows end at sentence ends, and inside a sentence only if it does not fit. A window of several
sentences shares its last one with the next window, if that is not most of it; one that ends inside a sentence shares
some words.

**Merging.** Each window decides about the text up to the seam, the middle of its overlap with the next. An entity
across the seam is taken from a window that does not truncate it, from the earlier one if neither does. If both truncate
it and agree on the type, the parts are joined; so are parts on either side of a split inside a sentence where there was
no room for an overlap. So an entity on a seam is found once and complete. Reasons: docs/decisions/windows.md.
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
    """Split a text into windows.

    Args:
        ends: The exclusive end of each sentence in words, in order; the last is the number of words.
        fits: Whether words ``start`` to ``end`` (exclusive) fit into one prompt; parts of what fits must fit.
        most_words: Windows of several sentences have no more words than this; None for no such limit.
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
    """Split a window of at least two words that turned out too long.

    Example:
        >>> halves(Window(10, 50), overlap=4), halves(Window(0, 2))
        ([Window(start=10, end=30), Window(start=26, end=50)], [Window(start=0, end=1), Window(start=1, end=2)])
    """
    middle = (window.start + window.end) // 2
    shared = min(overlap, (window.end - window.start) // 4)
    return [Window(window.start, middle), Window(middle - shared, window.end)]


def _window_end(shared: Window, ends: Sequence[int], fits: Callable[[int, int], bool], most_words: int | None) -> int:
    """The end of the window that starts with ``shared``, its overlap with the window before."""
    first = bisect_right(ends, shared.end)
    end = ends[first]
    if not fits(shared.start, end):
        # Not even one new sentence fits: find the longest part that does by bisection, at least one new word.
        candidates = range(shared.end + 1, end + 1)
        return shared.end + max(1, bisect_left(candidates, True, key=lambda last: not fits(shared.start, last)))
    for candidate in ends[first + 1 :]:
        if not fits(shared.start, candidate) or (most_words is not None and candidate - shared.start > most_words):
            break
        end = candidate
    return end


def _next_start(window: Window, ends: Sequence[int], fits: Callable[[int, int], bool], overlap: int) -> int:
    """Where the window after this one starts; the words from there to the end of this window are shared."""
    overlap = min(overlap, (window.end - window.start) // 2)
    sentence = bisect_left(ends, window.end)
    is_sentence_end = ends[sentence] == window.end
    if not is_sentence_end:
        start = window.end - overlap
    elif sentence and ends[sentence - 1] > max(window.start, (window.start + window.end - 1) // 2):
        start = ends[sentence - 1]  # share the last sentence, which is less than half of the window
    else:
        start = window.end
    # Share less where the overlap leaves no room for the next sentence or, if that is too long anyway, the next word.
    next_end = ends[bisect_right(ends, window.end)]
    needed = next_end if is_sentence_end and fits(window.end, next_end) else window.end + 1
    while start < window.end and not fits(start, needed):
        start += 1
    return start


def merge(
    windows: Sequence[Window], entities: Sequence[Iterable[Entity]], ends: Container[int] = frozenset()
) -> list[Entity]:
    """The entities of a text, by the rules of this module.

    Args:
        windows: In order; each starts at or before the end of the one before.
        entities: Those of each window, in order and in words of the text.
        ends: Exclusive ends of sentences; parts of entities are not joined across them.

    Returns:
        Entities in order, without overlaps.

    Example:
        >>> parts = [[Entity(4, 6, "city", 0.9)], [Entity(4, 7, "city", 0.8)]]  # the first window truncates it
        >>> merge([Window(0, 6), Window(3, 9)], parts)
        [Entity(start=4, end=7, type='city', score=0.8)]
        >>> merge([Window(0, 6), Window(6, 9)], [[Entity(5, 6, "city", 0.9)], [Entity(6, 7, "city", 0.8)]])
        [Entity(start=5, end=7, type='city', score=0.8)]
    """
    merger = Merger(ends)
    for window, found in zip(windows, entities, strict=True):
        merger.add(window, found)
    return merger.take()


class Merger:
    """Merges the entities of windows as they come, and tells which of them no later window can change.

    Args:
        ends: See `merge`.

    Attributes:
        done: Words of the text whose entities were taken.

    Example:
        >>> merger = Merger(ends=[4, 9])
        >>> merger.add(Window(0, 6), [Entity(0, 1, "person"), Entity(4, 6, "city")])
        >>> merger.take(next_start=3), merger.done  # the next window may know more of the city
        ([Entity(start=0, end=1, type='person', score=None)], 3)
        >>> merger.add(Window(3, 9), [Entity(4, 7, "city")])
        >>> merger.take(), merger.done
        ([Entity(start=4, end=7, type='city', score=None)], 9)
    """

    def __init__(self, ends: Container[int] = frozenset()) -> None:
        self._ends = ends
        self._merged: list[Entity] = []
        self._before = Window(0, 0)
        self.done = 0

    def add(self, window: Window, found: Iterable[Entity]) -> None:
        """Merge the entities of the next window, which starts at or before the end of the one before."""
        merged, before = self._merged, self._before
        seam = (window.start + before.end + 1) // 2
        while merged and merged[-1].start >= seam:
            merged.pop()
        shares_nothing = window.start == before.end
        for entity in found:
            touches = shares_nothing and entity.start == seam not in self._ends and merged and merged[-1].end == seam
            if touches and merged[-1].type == entity.type:
                merged[-1] = _join(merged[-1], entity)
            elif entity.end > seam:
                _add(merged, entity, cut_start=window.start, cut_end=before.end)
        self._before = window

    def take(self, next_start: int | None = None) -> list[Entity]:
        """The entities that are settled, each once; they end before those that are taken later start.

        Args:
            next_start: Where the next window starts, and its parts if it is split; None if there is none.
        """
        settled = [entity for entity in self._merged if self._is_settled(entity, next_start)]
        self._merged = self._merged[len(settled) :]
        unsettled = [entity.start for entity in self._merged[:1]]
        self.done = self._before.end if next_start is None else min([next_start, *unsettled])
        return settled

    def _is_settled(self, entity: Entity, next_start: int | None) -> bool:
        """Whether later windows neither overlap with an entity nor can continue it."""
        if next_start is None or entity.end < next_start:
            return True
        is_at_a_cut = next_start == self._before.end and next_start not in self._ends
        return entity.end == next_start and not is_at_a_cut


def _add(merged: list[Entity], entity: Entity, *, cut_start: int, cut_end: int) -> None:
    """Add an entity across the seam, unless an earlier window has a complete one there.

    Args:
        merged: The entities so far, to change.
        entity: The entity, of the later window.
        cut_start: Start of the later window: an entity that starts there may be truncated.
        cut_end: End of the earlier window: an entity that ends there may be truncated.
    """
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
    """The entities from several prompts over the same words, without overlaps: the highest score wins.

    Of equal scores, the longer entity wins, then the one that was found first.

    Example:
        >>> best_of([[Entity(0, 2, "person", 0.6)], [Entity(1, 2, "city", 0.7), Entity(3, 4, "city", 0.1)]])
        [Entity(start=1, end=2, type='city', score=0.7), Entity(start=3, end=4, type='city', score=0.1)]
    """
    found = list(chain.from_iterable(groups))
    found.sort(key=lambda entity: (-(entity.score or 0.0), entity.start - entity.end))
    kept: list[Entity] = []
    for entity in found:
        if all(entity.end <= other.start or other.end <= entity.start for other in kept):
            kept.append(entity)
    return sorted(kept, key=lambda entity: entity.start)
