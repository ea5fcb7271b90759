"""Lay the words that a model wrote on the source words: the official GNER matching.

Described in section 4 of arXiv 2402.16602 and in the released evaluation code.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
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
        back_tokenize: What becomes of each source word when it is tokenized and decoded again, so that characters which
            the vocabulary lacks do not stand in the way; null compares the words as they are.
    """

    def __init__(self, back_tokenize: BackTokenize | None = None) -> None:
        self._back_tokenize = back_tokenize

    def __call__(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        """Give each of the W source words a tag; see `gner.records.Aligner`."""
        source = list(map(str.lower, words))
        if self._back_tokenize is not None:
            source = self._back_tokenize(source)
        written_words, written_tags = zip(*written, strict=True) if written else ((), ())
        target = list(map(str.lower, written_words))
        if source == target:
            return Alignment(written_tags, _NOTHING_TO_REPORT, tuple(range(len(target))))
        matches = match(source, target)
        origins: list[int | None] = [None] * len(words)
        for at in matches:
            origins[at.source] = at.written
        tags = tuple([OUTSIDE if origin is None else written_tags[origin] for origin in origins])
        return Alignment(tags, _report(matches, len(source), len(target)), tuple(origins))


class Match(NamedTuple):
    """A source position and the written position that belongs to it."""

    source: int
    written: int


def match(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """Positions that belong together, in order.

    Example:
        >>> match(["to", "new", "york"], ["york"])
        [Match(source=2, written=0)]
    """
    return _subsequence(source, written) or longest_common_subsequence(source, written)


def _subsequence(source: Sequence[str], written: Sequence[str]) -> list[Match] | None:
    """Match every written word, each as far left as can be, or give None."""
    matches: list[Match] = []
    for position, word in enumerate(source):
        if len(matches) < len(written) and word == written[len(matches)]:
            matches.append(Match(position, len(matches)))
    return matches if len(matches) == len(written) else None


def longest_common_subsequence(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """Hunt and Szymanski (1977): a longest common subsequence as a longest increasing one.

    For each source word in order, the written positions of the same word are taken from the last to the first. Each
    goes on the leftmost pile whose top is not smaller, and remembers the top of the pile before. Which of several
    longest alignments results is part of the official scores, so the order matters.

    Each pair of equal words is looked at, so where a word is repeated thousands of times on both sides another way
    takes over, whose time does not depend on repetitions: it finds one as long, or, for texts that are longer still, a
    good one.
    """
    in_source, in_written = Counter(source), Counter(written)
    if sum(count * in_written[word] for word, count in in_source.items()) > _MAX_PAIRS:
        return (
            _one_as_long(source, written) if len(source) * len(written) <= _MAX_BITS else _next_places(source, written)
        )
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


def _one_as_long(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """A longest common subsequence, of several any: bit by bit for 64 words at a time (Hyyrö, 2004)."""
    matches: list[Match] = []
    for code in LCSseq.opcodes(source, written):
        if code.tag == "equal":
            places = zip(range(code.src_start, code.src_end), range(code.dest_start, code.dest_end), strict=True)
            matches += map(Match._make, places)
    return matches


def _next_places(source: Sequence[str], written: Sequence[str]) -> list[Match]:
    """Match each written word with the next source word that is the same, if one is near."""
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
"""A source position, a written one, and the top of the pile before when this came onto its own."""


def _report(matches: Sequence[Match], num_source: int, num_written: int) -> AlignmentReport:
    """Count what lies between matches: pairs of unmatched words are substitutions, the rest omissions or additions."""
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
