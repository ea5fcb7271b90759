"""Robust alignment of written words with source words: Needleman-Wunsch with affine gaps.

A global alignment (Needleman and Wunsch, 1970) whose gaps cost something to open and nothing to extend (Gotoh, 1982),
so that omissions and repetitions stay in few runs. How well two words match, best first: identical; identical but for
case; identical after back-tokenization; similar; anything else, at a small cost, so that one strange word keeps its
place among known ones and a run of strange words does not. Measurements: docs/decisions/robust_alignment.md.
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

# Scores of matched words
_SAME, _SAME_BUT_CASE, _SAME_TOKENS = 100, 95, 90
_SIMILAR = 80  # times the similarity in [0, 1], from 0.5 on
_LEAST_SIMILARITY = 0.5
_DIFFERENT = -15

# Costs of a gap, whatever its length
_GAP, _GAP_AT_AN_END = 30, 15
_REPETITION = 1

_LONGEST_GAP_IN_ENTITY = 2
_BETWEEN_MEMBERS = {",", ";", "/", "&", "and", "or"}
_NEVER = -(10**8)
_MAX_CELLS = 4_000_000  # 48 MB

_NOTHING_TO_REPORT = AlignmentReport()


class RobustAligner:
    """Order-preserving alignment with the highest score; the default.

    Args:
        back_tokenize: Maps source words to how the model writes them; None if that is unknown.

    Example:
        >>> written = [("New", "B-city"), ("Yrok", "I-city"), ("in", "O"), ("in", "O"), ("rain", "O")]
        >>> alignment = RobustAligner()(["New", "York", "in", "the", "rain"], written)
        >>> alignment.tags, alignment.origins
        (('B-city', 'I-city', 'O', 'O', 'O'), (0, 1, 2, 3, 4))
        >>> alignment.report.substitutions, alignment.report.additions, alignment.report.omissions
        (2, 0, 0)
    """

    def __init__(self, back_tokenize: BackTokenize | None = None) -> None:
        self._back_tokenize = back_tokenize

    def __call__(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        """Give each of the W source words a tag; see `gner.records.Aligner`."""
        target = [word for word, _ in written]
        target_tags = [tag for _, tag in written]
        if list(words) == target:
            return Alignment(tuple(target_tags), _NOTHING_TO_REPORT, tuple(range(len(target))))
        # Most texts differ from the source in a few words only, so only what lies between equal ends needs the tables.
        first, last = _anchored_ends(words, target)
        source_middle, target_middle = words[first : len(words) - last], target[first : len(target) - last]
        gap_costs = (_GAP if first else _GAP_AT_AN_END, _GAP if last else _GAP_AT_AN_END)
        matches, report = self._align_middle(source_middle, target_middle, gap_costs)
        origins: list[int | None] = [None] * len(words)
        origins[:first] = range(first)
        origins[len(words) - last :] = range(len(target) - last, len(target))
        for match in matches:
            origins[first + match.source] = first + match.written
        found = [None if origin is None else target_tags[origin] for origin in origins]
        return Alignment(_fill_omitted(words, found), report, tuple(origins))

    def _align_middle(
        self, source: Sequence[str], written: Sequence[str], gap_costs: tuple[int, int]
    ) -> tuple[list[Match], AlignmentReport]:
        """Align the words between the anchored ends; ``gap_costs`` are for gaps before the first and after the last."""
        back = [word.lower() for word in source]
        if self._back_tokenize is not None:
            back = self._back_tokenize(back)
        matches, num_substituted = _align(source, written, back, gap_costs)
        report = AlignmentReport(
            omissions=len(source) - len(matches),
            additions=len(written) - len(matches),
            substitutions=num_substituted,
        )
        return matches, report


def _fill_omitted(words: Sequence[str], tags: Sequence[str | None]) -> tuple[str, ...]:
    """Give tags to omitted words.

    They get O, unless the next written word continues an entity: a short gap inside an entity belongs to it, and a
    single word before an entity without a start is that start. Two omitted words of which the first separates list
    members (such as a comma) are the end of one member and the start of the next.
    """
    filled: list[str] = []
    num_omitted = 0
    before = OUTSIDE
    for position, tag in enumerate(tags):
        if tag is None:
            filled.append(OUTSIDE)
            num_omitted += 1
            continue
        if num_omitted and tag != OUTSIDE and tag == inside(tag):
            is_within = before != OUTSIDE and inside(before) == tag
            is_list = num_omitted > 1 and words[position - num_omitted].lower() in _BETWEEN_MEMBERS
            if not is_list and num_omitted <= (_LONGEST_GAP_IN_ENTITY if is_within else 1):
                filled[-num_omitted:] = [tag] * num_omitted  # tag repair turns the first I- into B- where none precedes
        filled.append(tag)
        before, num_omitted = tag, 0
    return tuple(filled)


def _anchored_ends(source: Sequence[str], written: Sequence[str]) -> tuple[int, int]:
    """How many words at the start and at the end are equal on both sides and can only match each other.

    Each run of equal words is shortened until it ends with an anchor: a word that occurs once on either side, so that
    it fits nowhere else.
    """
    in_source, in_written = Counter(source), Counter(written)
    shorter = min(len(source), len(written))

    def anchored(step: int, room: int) -> int:
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

    first = anchored(1, shorter)
    return first, anchored(-1, shorter - first)


def _align(
    source: Sequence[str], written: Sequence[str], back: Sequence[str], gap_costs: tuple[int, int]
) -> tuple[list[Match], int]:
    """The best-scoring alignment, and how many of its matches are of different words.

    Args:
        source: Source words.
        written: Written words.
        back: The back-tokenized source words, in lower case.
        gap_costs: Costs of gaps before the first and after the last word.
    """
    if not source or not written:
        return [], 0
    if len(source) * len(written) > _MAX_CELLS:
        return longest_common_subsequence(back, [word.lower() for word in written]), 0
    scores = _match_scores(source, written, back)
    matches = _best_path(scores, gap_costs, _repetitions(source, written))
    return matches, sum(int(scores[match]) < _SAME_TOKENS for match in matches)


def _repetitions(source: Sequence[str], written: Sequence[str]) -> np.ndarray:
    """For each written word that repeats the one before it, the distance to the first of the run; 0 for other words.

    A run no longer than the longest run of that word in the source is not a repetition.
    """
    longest: dict[str, int] = {}
    for word, run in _runs(source):
        longest[word] = max(run, longest.get(word, 1))
    return np.array([run - 1 if run > longest.get(word, run) else 0 for word, run in _runs(written)])


def _runs(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each word in lower case, with its number, from 1, in a run of equal words."""
    before, run = "", 0
    for word in map(str.lower, words):
        run = run + 1 if word == before else 1
        before = word
        yield word, run


def _match_scores(source: Sequence[str], written: Sequence[str], back: Sequence[str]) -> np.ndarray:
    """The score of matching each source word with each written word, shape (source, written)."""
    lower_source, lower_written = [word.lower() for word in source], [word.lower() for word in written]
    # Edit distances are the expensive part, so compute one column per distinct written word, then spread the columns.
    distinct = list(dict.fromkeys(lower_written))
    column = {word: position for position, word in enumerate(distinct)}
    columns = np.array([column[word] for word in lower_written])
    similarity = cdist(lower_source, distinct, scorer=Levenshtein.normalized_similarity, dtype=np.float32)
    scores = np.where(similarity >= _LEAST_SIMILARITY, _SIMILAR * similarity, _DIFFERENT).astype(np.int32)
    for row, (word, tokens) in enumerate(zip(lower_source, back, strict=True)):
        if tokens in column:
            scores[row, column[tokens]] = _SAME_TOKENS
        if word in column:
            scores[row, column[word]] = _SAME_BUT_CASE
    scores = scores[:, columns]
    places: dict[str, list[int]] = {}
    for position, word in enumerate(written):
        places.setdefault(word, []).append(position)
    for row, word in enumerate(source):
        scores[row, places.get(word, [])] = _SAME
    return scores


def _best_path(scores: np.ndarray, gap_costs: tuple[int, int], repetitions: np.ndarray) -> list[Match]:
    """Maximise the scores of matched words minus the costs of gaps.

    Cell (i, j) of a table holds the best score of the first i source and the first j written words. There is one table
    for each kind of last step: a match, an omitted source word, an added written word. Of equal paths, the one that
    matches earlier words wins. A word that is written twice where the source has it once costs next to nothing after
    the first copy, whose tag was chosen in the right context; the released scorer takes the first as well.
    """
    num_source, num_written = scores.shape
    shape = (num_source + 1, num_written + 1)
    matched, omitted, added = (np.full(shape, _NEVER, dtype=np.int32) for _ in range(3))
    matched[0, 0] = 0
    added[0, 1:] = -gap_costs[0]
    repetition = _Repetition(repetitions)
    omission = np.full(num_written + 1, _GAP, dtype=np.int32)
    omission[[0, -1]] = gap_costs  # gaps before the first and after the last written word
    for row in range(1, num_source + 1):
        before = np.maximum(matched[row - 1], added[row - 1])
        # Open a gap after a match or an addition, or extend one for free.
        np.maximum(before - omission, omitted[row - 1], out=omitted[row])
        np.maximum(before, omitted[row - 1], out=before)
        # A match moves one row and one column on, from whichever table is best there.
        np.add(before[:-1], scores[row - 1], out=matched[row, 1:])
        # An addition may have opened at any earlier column of this row at the same cost: a running maximum.
        addition = gap_costs[1] if row == num_source else _GAP
        best = np.maximum.accumulate(np.maximum(matched[row], omitted[row]))
        np.subtract(best[:-1], addition, out=added[row, 1:])
        repetition.allow(matched[row], added[row])
    return _trace(matched, omitted, added)


class _Repetition:
    """Makes it almost free to add a written word that only repeats a matched one.

    Args:
        repetitions: See `_repetitions`.
    """

    def __init__(self, repetitions: np.ndarray) -> None:
        self._columns = np.flatnonzero(repetitions) + 1
        self._first = self._columns - repetitions[self._columns - 1]

    def allow(self, matched: np.ndarray, added: np.ndarray) -> None:
        """Raise the scores of ``added``, in one row of the tables, at repetitions of a match."""
        after_first = matched[self._first] - _REPETITION
        added[self._columns] = np.maximum(added[self._columns], after_first)


def _trace(matched: np.ndarray, omitted: np.ndarray, added: np.ndarray) -> list[Match]:
    """Walk back through the tables of `_best_path`; ties are broken so that earlier words are matched."""
    tables = (omitted, added, matched)
    matches: list[Match] = []
    row, column = matched.shape[0] - 1, matched.shape[1] - 1
    table = max(tables, key=lambda each: each[row, column])
    while row and column:
        value = table[row, column]
        candidates: tuple[np.ndarray, ...] = tables
        # An unchanged value in the cell before means that the gap was extended, so stay in its table; else it opened.
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
