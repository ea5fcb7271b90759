"""The official GNER alignment of written words with source words: longest common subsequence.

Described in section 4 of arXiv 2402.16602 and in the released evaluation code.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rapidfuzz.distance import LCSseq

from gner.alignment.back_tokenize import BackTokenize
from gner.bio import OUTSIDE
from gner.records import Alignment, AlignmentReport

_MAX_PAIRS = 500_000  # half a second
_MAX_BITS = 10**9  # 125 MB
_NEAR = 50
_NOTHING_TO_REPORT = AlignmentReport()


class OfficialAligner:
    """The matching of the released scorer.

    Both sides are lower-cased. Then, in this order: equal word lists copy their tags; written words that are an ordered
    subsequence of the source are matched greedily from the left; otherwise a longest common subsequence decides. Source
    words without a match get O.

    Args:
        back_tokenize: Tokenizes and decodes source words, so that they lose the same characters as written ones where
            the vocabulary lacks some; None compares the words unchanged.
        find_matches: Matches words of lists that are not equal; `match` if None.

    Example:
        >>> written = [("ada", "B-person"), ("slpet", "O")]
        >>> OfficialAligner()(["Ada", "slept"], written).origins  # case does not count, a misspelt word does
        (0, None)
    """

    def __init__(self, back_tokenize: BackTokenize | None = None, find_matches: Matching | None = None) -> None:
        self._back_tokenize = back_tokenize
        self._match = match if find_matches is None else find_matches

    def __call__(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        """Give each of the W source words a tag; see `gner.records.Aligner`."""
        source = list(map(str.lower, words))
        if self._back_tokenize is not None:
            source = self._back_tokenize(source)
        written_words, written_tags = zip(*written, strict=True) if written else ((), ())
        target = list(map(str.lower, written_words))
        if source == target:
            return Alignment(written_tags, _NOTHING_TO_REPORT, tuple(range(len(target))))
        matches = self._match(source, target)
        origins: list[int | None] = [None] * len(words)
        for at in matches:
            origins[at.source] = at.written
        tags = tuple([OUTSIDE if origin is None else written_tags[origin] for origin in origins])
        return Alignment(tags, _report(matches, len(source), len(target)), tuple(origins))


class Match(NamedTuple):
    """A source position and the written position that is matched with it."""

    source: int
    written: int


Matching = Callable[[Sequence[str], Sequence[str]], list[Match]]
"""Finds matched positions of source and written words, in order."""


def match_nothing(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """No matches, so that only equal word lists get tags.

    Example:
        >>> match_nothing(["to", "york"], ["york"])
        []
    """
    return []


def match_subsequence(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """Matched positions if the written words are an ordered subsequence of the source, else none.

    Example:
        >>> match_subsequence(["to", "york"], ["york"]), match_subsequence(["to", "york"], ["yrk", "to"])
        ([Match(source=1, written=0)], [])
    """
    return _subsequence(source, written) or []


def match(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """Matched positions, in order.

    Example:
        >>> match(["to", "new", "york"], ["york"])
        [Match(source=2, written=0)]
    """
    return _subsequence(source, written) or longest_common_subsequence(source, written)


def _subsequence(source: Sequence[str], written: Sequence[str]) -> list[Match] | None:
    """Match every written word, each as far left as possible; None if some word has no match."""
    matches: list[Match] = []
    for position, word in enumerate(source):
        if len(matches) < len(written) and word == written[len(matches)]:
            matches.append(Match(position, len(matches)))
    return matches if len(matches) == len(written) else None


def longest_common_subsequence(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """Hunt and Szymanski (1977): a longest common subsequence as a longest increasing one.

    For each source word in order, the written positions of the same word are taken from the last to the first. Each
    is put on the leftmost pile whose top is not smaller (patience sorting), and remembers the top of the pile to its
    left. The official scores depend on which of several longest alignments results, so keep this order.

    The time grows with the number of pairs of equal words. Where a word is repeated thousands of times on both sides,
    an algorithm whose time does not depend on repetitions takes over: it finds another subsequence of the same length
    or, for even longer texts, a long one.

    Example:
        >>> longest_common_subsequence(["a", "b", "a"], ["a"])  # of equal words, the last
        [Match(source=2, written=0)]
        >>> longest_common_subsequence(["a", "b", "c"], ["c", "a", "b"])
        [Match(source=0, written=1), Match(source=1, written=2)]
    """
    in_source, in_written = Counter(source), Counter(written)
    if sum(count * in_written[word] for word, count in in_source.items()) > _MAX_PAIRS:
        if len(source) * len(written) <= _MAX_BITS:
            return _bit_parallel(source, written)
        return _next_occurrences(source, written)
    positions: dict[str, list[int]] = defaultdict(list)
    for position in range(len(written) - 1, -1, -1):
        positions[written[position]].append(position)
    tops: list[int] = []
    last_on_pile: list[_Card] = []
    for position, word in enumerate(source):
        for candidate in positions.get(word, ()):
            pile = bisect_left(tops, candidate)
            card = (position, candidate, last_on_pile[pile - 1] if pile else None)
            if pile == len(tops):
                tops.append(candidate)
                last_on_pile.append(card)
            else:
                tops[pile] = candidate
                last_on_pile[pile] = card
    matches: list[Match] = []
    current = last_on_pile[-1] if last_on_pile else None
    while current is not None:
        position, candidate, current = current
        matches.append(Match(position, candidate))
    return matches[::-1]


def _bit_parallel(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """Any longest common subsequence, found bit-parallel, 64 words at a time (Hyyrö, 2004)."""
    matches: list[Match] = []
    for code in LCSseq.opcodes(source, written):
        if code.tag == "equal":
            places = zip(range(code.src_start, code.src_end), range(code.dest_start, code.dest_end), strict=True)
            matches += map(Match._make, places)
    return matches


def _next_occurrences(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """Greedily match each written word with its next occurrence in the source, if that is near."""
    places: dict[str, list[int]] = defaultdict(list)
    for position, word in enumerate(source):
        places[word].append(position)
    matches: list[Match] = []
    start = 0
    for position, word in enumerate(written):
        of_word = places.get(word, [])
        at = bisect_left(of_word, start)
        if at < len(of_word) and of_word[at] - start <= _NEAR:
            matches.append(Match(of_word[at], position))
            start = of_word[at] + 1
    return matches


_Card = tuple[int, int, Any]
"""A source position, a written one, and what was the top of the pile to the left when this card was put down."""


def _report(matches: Sequence[Match], num_source: int, num_written: int) -> AlignmentReport:
    """Count unmatched words: between two matches, pairs are substitutions and the rest omissions or additions."""
    substituted = 0
    source = written = 0
    for match in [*matches, (num_source, num_written)]:
        substituted += min(match[0] - source, match[1] - written)
        source, written = match[0] + 1, match[1] + 1
    return AlignmentReport(
        omissions=num_source - len(matches) - substituted,
        additions=num_written - len(matches) - substituted,
        substitutions=substituted,
    )
