"""The contract of aligners, tried on sentences, on slips of models, and on words that no model should have written."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from gner.alignment import WordAligner
from gner.bio import repair
from gner.records import Alignment

Written = Sequence[tuple[str, str]]
_TAGS = ("O", "B-person", "I-person", "B-place")
_SENTENCES: Sequence[Sequence[str]] = [
    ("Ada", "Lovelace", "wrote", "to", "London", "."),
    ("the", "the", "New", "York", "the"),
    ("Zürich", "東京", '"', "(", "1950", ")"),
    ("x",),
    (),
]
_JUNK: Sequence[Written] = [
    [],
    [("", "O")],
    [("\ud800", "B-person")],
    [("the", "I-place")] * 500,
    [("unheard", "B-unknown type"), ("Of", "O")],
]


def check_aligner(aligner: WordAligner) -> None:
    """Check everything in `ALIGNER_CONTRACT`.

    Raises:
        AssertionError: The aligner breaks a rule; the message says which.

    Example:
        >>> from gner.records import AlignmentReport
        >>> class AllOutside(WordAligner):
        ...     def align(self, words, written):
        ...         return Alignment(("O",) * len(words), AlignmentReport())
        >>> check_aligner(AllOutside())  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        AssertionError: expected the tags of a sentence that is written back as it is, ...
    """
    for check in ALIGNER_CONTRACT:
        for words in _SENTENCES:
            check(aligner, words)


def a_sentence_written_back_keeps_its_tags(aligner: WordAligner, words: Sequence[str]) -> None:
    """What is written without a slip is taken as it is."""
    tags = _tags(words)
    found = aligner.align(words, list(zip(words, tags, strict=True)))
    assert found.tags == tags, (
        f"expected the tags of a sentence that is written back as it is, {tags}, got {found.tags}"
    )


def each_word_has_a_tag(aligner: WordAligner, words: Sequence[str]) -> None:
    """Whatever was written, each source word gets one of its tags, or O, from a written word that there is."""
    for written in [*_slips(words), *_JUNK]:
        found = _aligned(aligner, words, written)
        known = {"O", *(tag for _, tag in written), *(tag.replace("B-", "I-", 1) for _, tag in written)}
        assert len(found.tags) == len(words), f"expected {len(words)} tags, got {len(found.tags)}"
        assert set(found.tags) <= known, f"expected tags that were written or O, got {set(found.tags) - known}"
        places = [place for place in found.origins if place is not None]
        assert all(0 <= place < len(written) for place in places), f"expected places of written words, got {places}"


def words_are_compared_and_not_changed(aligner: WordAligner, words: Sequence[str]) -> None:
    """The same words give the same tags again, and lists that are given stay what they were."""
    for written in _slips(words):
        given_words, given = list(words), list(written)
        first, second = (_aligned(aligner, given_words, given) for _ in range(2))
        assert first == second, "expected the same alignment of the same words"
        assert (given_words, given) == (list(words), list(written)), "expected that given lists are left as they are"


def _aligned(aligner: WordAligner, words: Sequence[str], written: Written) -> Alignment:
    try:
        return aligner.align(words, written)
    except Exception as error:
        raise AssertionError(f"expected no error for any words, got {error!r} for {list(written)[:5]}") from error


def _tags(words: Sequence[str]) -> tuple[str, ...]:
    """Valid tags, the same for the same words."""
    return repair(random.Random(len(words)).choices(_TAGS, k=len(words)))[0]


def _slips(words: Sequence[str]) -> list[list[tuple[str, str]]]:
    """The sentence with a word left out, doubled, added, misspelt, or in another order."""
    pairs = list(zip(words, _tags(words), strict=True))
    middle = len(pairs) // 2
    misspelt = [(word[::-1], tag) for word, tag in pairs]
    shortened = [pairs[1:], pairs[:-1], pairs[:middle] + pairs[middle + 1 :]]
    added = [*pairs[:middle], ("new", "B-place"), *pairs[middle:]]
    return [*shortened, pairs * 2, added, misspelt, pairs[::-1]]


ALIGNER_CONTRACT: tuple[Callable[[WordAligner, Sequence[str]], None], ...] = (
    a_sentence_written_back_keeps_its_tags,
    each_word_has_a_tag,
    words_are_compared_and_not_changed,
)
"""What every aligner must keep to."""
