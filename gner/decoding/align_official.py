"""Lay the words that a model wrote on the source words: the official GNER matching.

Described in section 4 of arXiv 2402.16602 and in the released evaluation code.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gner.bio import OUTSIDE
from gner.types import Alignment, AlignmentReport, TaggedWord


class OfficialAligner:
    """The matching of the released scorer.

    Both sides are lower-cased. Then, in this order: equal word lists copy their tags; written words that are an ordered
    subsequence of the source are matched greedily from the left; otherwise a longest common subsequence decides. Source
    words without a match get O.

    Args:
        back_tokenize: What becomes of each source word when it is tokenized and decoded again, so that characters which
            the vocabulary lacks do not stand in the way; null compares the words as they are.
    """

    def __init__(self, back_tokenize: Callable[[Sequence[str]], list[str]] | None = None) -> None:
        self._back_tokenize = back_tokenize

    def __call__(self, words: Sequence[str], written: Sequence[TaggedWord]) -> Alignment:
        """Give each of the W source words a tag; see `gner.types.Aligner`."""
        source = [word.lower() for word in (self._back_tokenize(words) if self._back_tokenize else words)]
        target = [pair.word.lower() for pair in written]
        matches = match(source, target)
        tags = [OUTSIDE] * len(words)
        for at in matches:
            tags[at.source] = written[at.written].tag
        return Alignment(tuple(tags), _report(matches, len(source), len(target)))


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
    if list(source) == list(written):
        return [Match(position, position) for position in range(len(source))]
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
    """
    positions: dict[str, list[int]] = defaultdict(list)
    for position in range(len(written) - 1, -1, -1):
        positions[written[position]].append(position)
    tops: list[int] = []
    last_on_pile: list[_Card] = []
    for position, word in enumerate(source):
        for candidate in positions.get(word, ()):
            pile = bisect_left(tops, candidate)
            card = _Card(Match(position, candidate), last_on_pile[pile - 1] if pile else None)
            tops[pile : pile + 1] = [candidate]
            last_on_pile[pile : pile + 1] = [card]
    matches: list[Match] = []
    current = last_on_pile[-1] if last_on_pile else None
    while current is not None:
        matches.append(current.match)
        current = current.before
    return matches[::-1]


class _Card(NamedTuple):
    match: Match
    before: _Card | None


def _report(matches: Sequence[Match], num_source: int, num_written: int) -> AlignmentReport:
    """Count what lies between matches: pairs of unmatched words are substitutions, the rest omissions or additions."""
    total = AlignmentReport()
    before = Match(-1, -1)
    for here in [*matches, Match(num_source, num_written)]:
        omitted = here.source - before.source - 1
        added = here.written - before.written - 1
        substituted = min(omitted, added)
        total += AlignmentReport(omitted - substituted, added - substituted, substituted)
        before = here
    return total
