"""Splitting texts into windows, and merging the entities of the windows."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gner.inference.windows import Merger, Window, best_of, cut, halves, merge
from gner.records import Entity


@st.composite
def _texts(draw: st.DrawFn) -> tuple[list[int], int, int | None, int]:
    """Sentence ends, how many words fit, the most words of a window of sentences, and the overlap."""
    lengths = draw(st.lists(st.integers(1, 30), min_size=1, max_size=12))
    ends = [sum(lengths[: place + 1]) for place in range(len(lengths))]
    return ends, draw(st.integers(1, 40)), draw(st.none() | st.integers(1, 40)), draw(st.integers(0, 12))


@given(_texts())
def test_windows_fit_and_cover_the_text_in_order(text: tuple[list[int], int, int | None, int]) -> None:
    ends, most, most_words, overlap = text
    windows = cut(ends, lambda start, end: end - start <= most, most_words=most_words, overlap=overlap)
    assert windows[0].start == 0
    assert windows[-1].end == ends[-1]
    for window in windows:
        assert 0 < window.end - window.start <= most
    for before, after in pairwise(windows):
        assert before.start < after.start <= before.end < after.end


@given(_texts())
def test_sentence_that_fits_is_not_split(text: tuple[list[int], int, int | None, int]) -> None:
    ends, most, most_words, overlap = text
    windows = cut(ends, lambda start, end: end - start <= most, most_words=most_words, overlap=overlap)
    for start, end in zip([0, *ends], ends, strict=False):
        if end - start <= most:
            assert any(window.start <= start and end <= window.end for window in windows)


@given(_texts(), st.data())
def test_consistent_entities_are_merged_into_complete_ones(
    text: tuple[list[int], int, int | None, int], data: st.DataObject
) -> None:
    """Each window finds its part of each gold entity, like a model without errors."""
    ends, most, most_words, overlap = text
    gold: list[Entity] = []
    place = 0
    while place < ends[-1]:
        start = place + data.draw(st.integers(0, 6))
        end = min(start + data.draw(st.integers(1, 5)), ends[-1])
        if start < end:
            gold.append(Entity(start, end, data.draw(st.sampled_from("ab"))))
        place = end + 1
    windows = cut(ends, lambda start, end: end - start <= most, most_words=most_words, overlap=overlap)
    found = [
        [
            Entity(max(entity.start, window.start), min(entity.end, window.end), entity.type)
            for entity in gold
            if entity.start < window.end and window.start < entity.end
        ]
        for window in windows
    ]
    # no window has all of an entity across a sentence end where windows do not overlap
    clean = {before.end for before, after in pairwise(windows) if before.end == after.start and before.end in ends}
    expected = [entity for entity in gold if not any(entity.start < edge < entity.end for edge in clean)]
    merged = merge(windows, found, ends)
    assert [entity for entity in merged if entity in expected] == expected
    assert all(one.end <= other.start for one, other in pairwise(merged))


def test_short_text_is_one_window() -> None:
    assert cut([5, 9], lambda start, end: end - start <= 9) == [Window(0, 9)]
    assert cut([], lambda start, end: True) == []


def test_sentences_are_packed_up_to_most_words() -> None:
    windows = cut([5, 10, 15, 40], lambda start, end: True, most_words=10)
    assert windows[0] == Window(0, 10)
    assert windows[-1].end == 40


def test_entity_on_a_seam_is_taken_from_a_window_that_does_not_truncate_it() -> None:
    windows = [Window(0, 10), Window(6, 16)]
    whole, cut_off = Entity(7, 12, "a"), Entity(7, 10, "a")
    assert merge(windows, [[cut_off], [whole]]) == [whole]
    assert merge(windows, [[Entity(3, 9, "a")], [Entity(6, 9, "b")]]) == [Entity(3, 9, "a")]


def test_entity_longer_than_the_overlap_is_joined() -> None:
    windows = [Window(0, 10), Window(6, 16)]
    joined = merge(windows, [[Entity(2, 10, "a", 0.9)], [Entity(6, 14, "a", 0.5)]])
    assert joined == [Entity(2, 14, "a", 0.5)]


def test_each_window_decides_up_to_the_middle_of_the_overlap() -> None:
    windows = [Window(0, 10), Window(6, 16)]
    assert merge(windows, [[Entity(8, 9, "a")], []]) == []
    assert merge(windows, [[], [Entity(6, 7, "a")]]) == []
    assert merge(windows, [[Entity(6, 7, "a")], [Entity(9, 10, "b")]]) == [Entity(6, 7, "a"), Entity(9, 10, "b")]


def test_highest_score_wins_among_overlapping_entities_of_several_prompts() -> None:
    first, second = [Entity(0, 3, "a", 0.6), Entity(5, 6, "a", 0.5)], [Entity(2, 4, "b", 0.7), Entity(5, 7, "b", 0.5)]
    assert best_of([first, second]) == [Entity(2, 4, "b", 0.7), Entity(5, 7, "b", 0.5)]


def test_halves_cover_the_window() -> None:
    for size in range(2, 40):
        first, second = halves(Window(3, 3 + size))
        assert (first.start, second.end) == (3, 3 + size)
        assert second.start <= first.end
        assert max(first.end - first.start, second.end - second.start) < size


def test_windows_inside_a_sentence_overlap_although_the_rest_would_fit() -> None:
    for length in range(101, 400):
        windows = cut([length], lambda start, end: end - start <= 100, overlap=8)
        assert all(before.end - after.start >= 8 for before, after in pairwise(windows))


def test_parts_are_joined_where_there_was_no_room_for_an_overlap() -> None:
    windows = [Window(0, 1), Window(1, 2), Window(2, 3)]
    found = [[Entity(0, 1, "a")], [Entity(1, 2, "a")], [Entity(2, 3, "b")]]
    assert merge(windows, found, [3]) == [Entity(0, 2, "a"), Entity(2, 3, "b")]
    assert merge(windows, found, [1, 2, 3]) == [Entity(0, 1, "a"), Entity(1, 2, "a"), Entity(2, 3, "b")]


@given(_texts(), st.data())
def test_entities_that_are_taken_window_by_window_are_those_of_the_whole_text(
    text: tuple[list[int], int, int | None, int], data: st.DataObject
) -> None:
    """Whatever the windows hold, and whether some turn out too long and are split."""
    ends, most, most_words, overlap = text
    planned = cut(ends, lambda start, end: end - start <= most, most_words=most_words, overlap=overlap)
    merger, read, found, taken = Merger(ends), [], [], []
    for place, window in enumerate(planned):
        is_split = window.end - window.start > 1 and data.draw(st.booleans())
        for part in halves(window, overlap) if is_split else [window]:
            read.append(part)
            found.append(data.draw(_entities(part)))
            merger.add(part, found[-1])
        before = merger.done
        some = merger.take(planned[place + 1].start if place + 1 < len(planned) else None)
        assert before <= merger.done <= ends[-1]
        assert all(before <= entity.start and entity.end <= window.end for entity in some)
        assert all(entity.start < merger.done for entity in some)
        taken += some
    assert taken == merge(read, found, ends)
    assert merger.done == ends[-1]


@st.composite
def _entities(draw: st.DrawFn, window: Window) -> list[Entity]:
    """Any entities of a window, in order."""
    edges = sorted(draw(st.lists(st.integers(window.start, window.end), max_size=8)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [Entity(start, end, draw(st.sampled_from("ab")), 0.5) for start, end in pairs if start < end]
