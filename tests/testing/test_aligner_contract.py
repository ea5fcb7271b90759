"""Our own aligners keep the contract, and aligners that break it fail with the reason."""

from collections.abc import Sequence

import pytest

from gner.alignment import OfficialAligner, RobustAligner, WordAligner
from gner.alignment.official import match_nothing, match_subsequence
from gner.records import Aligner, Alignment, AlignmentReport
from gner.testing import check_aligner


class _Ours(WordAligner):
    """One of ours as it is chosen by a class."""

    def __init__(self, aligner: Aligner) -> None:
        self.align = aligner  # type: ignore[method-assign,assignment]

    def align(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        raise NotImplementedError


@pytest.mark.parametrize(
    "aligner",
    [
        RobustAligner(),
        OfficialAligner(),
        OfficialAligner(find_matches=match_nothing),
        OfficialAligner(find_matches=match_subsequence),
    ],
)
def test_our_aligners_keep_the_contract(aligner: Aligner) -> None:
    check_aligner(_Ours(aligner))


class _Raises(WordAligner):
    def align(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        tags = [written[place][1] for place in range(len(words))]
        return Alignment(tuple(tags), AlignmentReport())


class _Shortens(WordAligner):
    def align(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        return Alignment(tuple(tag for _, tag in written[: len(words)]), AlignmentReport())


class _Invents(WordAligner):
    def align(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        found = OfficialAligner()(words, written)
        is_equal = list(words) == [word for word, _ in written]
        return found if is_equal else found._replace(tags=("B-thing",) * len(words))


class _Remembers(WordAligner):
    def __init__(self) -> None:
        self.num_calls = 0

    def align(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        self.num_calls += 1
        found = OfficialAligner()(words, written)
        return found._replace(report=AlignmentReport(omissions=self.num_calls))


@pytest.mark.parametrize(
    ("aligner", "message"),
    [
        (_Raises(), "expected no error for any words, got IndexError"),
        (_Shortens(), "expected 6 tags, got 5"),
        (_Invents(), "expected tags that were written or O, got {'B-thing'}"),
        (_Remembers(), "expected the same alignment of the same words"),
    ],
)
def test_what_breaks_a_rule_is_named(aligner: WordAligner, message: str) -> None:
    with pytest.raises(AssertionError) as raised:
        check_aligner(aligner)
    assert message in str(raised.value)
