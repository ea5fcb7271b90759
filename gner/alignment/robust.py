"""Lay the words that a model wrote on the source words, losing as little as possible.

A global alignment (Needleman and Wunsch, 1970) with gaps that cost something to open and nothing to extend (Gotoh,
1982), so that what the model left out or wrote twice stays in few pieces. How well two words fit, best first: the same;
the same but for case; the same after back-tokenization; similar; anything else, which costs something, so that one
strange word keeps its place among known ones and a stretch of strange words does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from gner.alignment.back_tokenize import BackTokenize
from gner.alignment.official import Match, longest_common_subsequence
from gner.bio import OUTSIDE, inside
from gner.records import Alignment, AlignmentReport

_SAME, _SAME_BUT_CASE, _SAME_TOKENS = 100, 95, 90
_SIMILAR = 80  # times the similarity in [0, 1], from 0.5 on
_LEAST_SIMILARITY = 0.5
_DIFFERENT = -15
_GAP, _GAP_AT_AN_END = 30, 15
_REPETITION = 1
_LONGEST_GAP_IN_ENTITY = 2
_BETWEEN_MEMBERS = {",", ";", "/", "&", "and", "or"}
_NEVER = -(10**8)
_MAX_CELLS = 4_000_000  # 48 MB

_NOTHING_TO_REPORT = AlignmentReport()


class RobustAligner:
    """Order-preserving alignment with the best score; the default.

    Args:
        back_tokenize: How source words look when the model writes them; null if that is unknown.
    """

    def __init__(self, back_tokenize: BackTokenize | None = None) -> None:
        self._back_tokenize = back_tokenize

    def __call__(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        """Give each of the W source words a tag; see `gner.records.Aligner`."""
        target = [word for word, _ in written]
        target_tags = [tag for _, tag in written]
        if list(words) == target:
            return Alignment(tuple(target_tags), _NOTHING_TO_REPORT, tuple(range(len(target))))
        first, last = _settled_ends(words, target)
        source_part, target_part = words[first : len(words) - last], target[first : len(target) - last]
        back = [word.lower() for word in source_part]
        if self._back_tokenize is not None:
            back = self._back_tokenize(back)
        ends = (_GAP if first else _GAP_AT_AN_END, _GAP if last else _GAP_AT_AN_END)
        matches, num_substituted = _align(source_part, target_part, back, ends)
        origins: list[int | None] = [None] * len(words)
        origins[:first] = range(first)
        origins[len(words) - last :] = range(len(target) - last, len(target))
        for match in matches:
            origins[first + match.source] = first + match.written
        found = [None if origin is None else target_tags[origin] for origin in origins]
        report = AlignmentReport(
            omissions=len(source_part) - len(matches),
            additions=len(target_part) - len(matches),
            substitutions=num_substituted,
        )
        return Alignment(_fill(words, found), report, tuple(origins))


def _fill(words: Sequence[str], tags: Sequence[str | None]) -> tuple[str, ...]:
    """Give tags to omitted words.

    O, but where the entity of the next written word must have been going on: a short gap inside an entity belongs to
    it, and a single word before an entity that lacks its start is that start. Two omitted words that begin with what
    stands between the members of a list are the end of one member and the start of the next.
    """
    filled: list[str] = []
    num_omitted = 0
    before = OUTSIDE
    for position, tag in enumerate(tags):
        if tag is None:
            filled.append(OUTSIDE)
            num_omitted += 1
            continue
        goes_on = tag != OUTSIDE and tag == inside(tag)
        is_within = goes_on and before != OUTSIDE and inside(before) == tag
        is_list = num_omitted > 1 and words[position - num_omitted].lower() in _BETWEEN_MEMBERS
        if num_omitted and goes_on and not is_list and num_omitted <= (_LONGEST_GAP_IN_ENTITY if is_within else 1):
            filled[-num_omitted:] = [tag] * num_omitted  # without a start, the repair makes the first one that
        filled.append(tag)
        before, num_omitted = tag, 0
    return tuple(filled)


def _settled_ends(source: Sequence[str], written: Sequence[str]) -> tuple[int, int]:
    """How many words at the start and at the end are the same on both sides and cannot belong elsewhere.

    Each run is cut back to a word that occurs once on either side, so that no other place is open to it.
    """
    in_source, in_written = Counter(source), Counter(written)
    shorter = min(len(source), len(written))

    def settled(step: int, room: int) -> int:
        """Length of the run from one end; ``step`` is 1 from the start and -1 from the end."""
        length = count = 0
        while count < room:
            word = source[count if step > 0 else -1 - count]
            if word != written[count if step > 0 else -1 - count]:
                break
            count += 1
            if in_source[word] == in_written[word] == 1:
                length = count
        return length

    first = settled(1, shorter)
    return first, settled(-1, shorter - first)


def _align(
    source: Sequence[str], written: Sequence[str], back: Sequence[str], ends: tuple[int, int]
) -> tuple[list[Match], int]:
    """The best-scoring alignment, and how many of its matches are of different words.

    Args:
        source: Source words.
        written: Written words.
        back: The source words as the tokenizer gives them back, in lower case.
        ends: Costs of gaps before the first and after the last word.
    """
    if not source or not written:
        return [], 0
    if len(source) * len(written) > _MAX_CELLS:
        return longest_common_subsequence(back, [word.lower() for word in written]), 0
    fit = _fit(source, written, back)
    matches = _best_path(fit, ends, _doubled(source, written))
    return matches, sum(int(fit[match]) < _SAME_TOKENS for match in matches)


def _doubled(source: Sequence[str], written: Sequence[str]) -> np.ndarray:
    """For each source word that is written again at once, how many places back the first of them is, else 0.

    As many in a row as the source has anywhere are no repetition.
    """
    longest: dict[str, int] = {}
    for word, run in _runs(source):
        longest[word] = max(run, longest.get(word, 1))
    return np.array([run - 1 if run > longest.get(word, run) else 0 for word, run in _runs(written)])


def _runs(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each word in lower case, and which it is of the same ones in a row, from 1."""
    before, run = "", 0
    for word in map(str.lower, words):
        run = run + 1 if word == before else 1
        before = word
        yield word, run


def _fit(source: Sequence[str], written: Sequence[str], back: Sequence[str]) -> np.ndarray:
    """How well each source word fits each written word, shape (source, written)."""
    lower_source, lower_written = [word.lower() for word in source], [word.lower() for word in written]
    distinct = list(dict.fromkeys(lower_written))
    column = {word: position for position, word in enumerate(distinct)}
    columns = np.array([column[word] for word in lower_written])
    similarity = cdist(lower_source, distinct, scorer=Levenshtein.normalized_similarity, dtype=np.float32)
    fit = np.where(similarity >= _LEAST_SIMILARITY, _SIMILAR * similarity, _DIFFERENT).astype(np.int32)
    for row, (word, tokens) in enumerate(zip(lower_source, back, strict=True)):
        if tokens in column:
            fit[row, column[tokens]] = _SAME_TOKENS
        if word in column:
            fit[row, column[word]] = _SAME_BUT_CASE
    fit = fit[:, columns]
    places: dict[str, list[int]] = {}
    for position, word in enumerate(written):
        places.setdefault(word, []).append(position)
    for row, word in enumerate(source):
        fit[row, places.get(word, [])] = _SAME
    return fit


def _best_path(fit: np.ndarray, ends: tuple[int, int], doubled: np.ndarray) -> list[Match]:
    """Maximise the fit of matched words minus the cost of gaps.

    Row i and column j of the tables stand for the first i source and the first j written words, and there is a table
    for what comes last: a match, an omitted source word, an added written word. Of equal paths, the one that matches
    earlier words wins. A word that is written twice where the source has it once costs next to nothing after the first
    of the two, whose tag was chosen with the right words before it; the released scorer takes the first as well.
    """
    num_source, num_written = fit.shape
    shape = (num_source + 1, num_written + 1)
    matched, omitted, added = (np.full(shape, _NEVER, dtype=np.int32) for _ in range(3))
    matched[0, 0] = 0
    added[0, 1:] = -ends[0]
    repetition = _Repetition(doubled)
    omission = np.full(num_written + 1, _GAP, dtype=np.int32)
    omission[[0, -1]] = ends
    for row in range(1, num_source + 1):
        before = np.maximum(matched[row - 1], added[row - 1])
        np.maximum(before - omission, omitted[row - 1], out=omitted[row])
        np.maximum(before, omitted[row - 1], out=before)
        np.add(before[:-1], fit[row - 1], out=matched[row, 1:])
        addition = ends[1] if row == num_source else _GAP
        best = np.maximum.accumulate(np.maximum(matched[row], omitted[row]))
        np.subtract(best[:-1], addition, out=added[row, 1:])
        repetition.allow(matched[row], added[row])
    return _trace(matched, omitted, added)


class _Repetition:
    """Lets a written word that only repeats a matched one be added at next to no cost.

    Args:
        doubled: See `_doubled`.
    """

    def __init__(self, doubled: np.ndarray) -> None:
        self._columns = np.flatnonzero(doubled) + 1
        self._first = self._columns - doubled[self._columns - 1]

    def allow(self, matched: np.ndarray, added: np.ndarray) -> None:
        """Raise what it is worth to end with an added word, in a row of the tables."""
        after_first = matched[self._first] - _REPETITION
        added[self._columns] = np.maximum(added[self._columns], after_first)


def _trace(matched: np.ndarray, omitted: np.ndarray, added: np.ndarray) -> list[Match]:
    """Walk back through the tables of `_best_path`; a gap is left as late as it can be, which matches earlier words."""
    tables = (omitted, added, matched)
    matches: list[Match] = []
    row, column = matched.shape[0] - 1, matched.shape[1] - 1
    table = max(tables, key=lambda each: each[row, column])
    while row and column:
        value = table[row, column]
        candidates: tuple[np.ndarray, ...] = tables
        if table is omitted:
            row -= 1
            candidates = (matched, added) if omitted[row, column] != value else (omitted,)
        elif table is added:
            column -= 1
            candidates = (matched, omitted) if added[row, column] != value else (added,)
        else:
            row, column = row - 1, column - 1
            matches.append(Match(row, column))
        table = max(candidates, key=lambda each: each[row, column])
    return matches[::-1]
