"""Which words an answer has that leaves out what is far from every entity (arXiv 2402.16602, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from gner.bio import OUTSIDE


def words_written(words: Sequence[str], tags: Sequence[str], context_window: int | None) -> list[bool]:
    """Which words are written: those in the context window, or in a wider one if their places would be unclear.

    Of ``us in US``, a lone ``US(B-country)`` could be either word for a scorer that ignores case.

    Args:
        words: Of the sentence.
        tags: Of the words.
        context_window: O-words on each side of an entity; None for all words.

    Example:
        >>> words_written(["us", "in", "US"], ["O", "O", "B-country"], 0)
        [False, True, True]
    """
    window = context_window
    while window is not None and is_widened(words, tags, window):
        window += 1
    return words_in_context(tags, window)


def is_widened(words: Sequence[str], tags: Sequence[str], context_window: int | None) -> bool:
    """Whether a sentence gets a wider window than this one.

    Example:
        >>> is_widened(["us", "in", "US"], ["O", "O", "B-country"], 0)
        True
    """
    return context_window is not None and not have_one_place(words, tags, words_in_context(tags, context_window))


def words_in_context(tags: Sequence[str], context_window: int | None) -> list[bool]:
    """Which words the target writes: entity words, and O-words within ``context_window`` words of one.

    Example:
        >>> words_in_context(["O", "O", "B-city", "O"], 1)
        [False, True, True, True]
    """
    if context_window is None:
        return [True] * len(tags)
    kept = [False] * len(tags)
    for position, tag in enumerate(tags):
        if tag != OUTSIDE:
            first = max(0, position - context_window)
            kept[first : position + context_window + 1] = [True] * len(kept[first : position + context_window + 1])
    return kept


def have_one_place(words: Sequence[str], tags: Sequence[str], kept: Sequence[bool]) -> bool:
    """Whether entities can be found again among all words, whatever their case, in one place only.

    Args:
        words: Of the sentence.
        tags: Of the words.
        kept: Which words are written.

    Example:
        >>> have_one_place(["the", "Who", "the"], ["O", "O", "B-band"], [False, False, True])
        False
        >>> have_one_place(["the", "Who", "the"], ["O", "O", "B-band"], [False, True, True])
        True
    """
    lower = [word.lower() for word in words]
    places = [place for place, is_kept in enumerate(kept) if is_kept]
    written = [lower[place] for place in places]
    first = _leftmost(lower, written)
    last = [len(words) - 1 - place for place in reversed(_leftmost(lower[::-1], written[::-1]))]
    return all(
        earliest == latest or tags[place] == OUTSIDE
        for place, earliest, latest in zip(places, first, last, strict=True)
    )


def _leftmost(words: Sequence[str], found: Sequence[str]) -> list[int]:
    """Places of words in order, each as early as possible."""
    places: list[int] = []
    for place, word in enumerate(words):
        if len(places) < len(found) and word == found[len(places)]:
            places.append(place)
    return places
