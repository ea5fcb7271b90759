import itertools

from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import PreTrainedTokenizerFast

from benchmarks.alignment import plain
from gner.alignment.back_tokenize import BackTokenizer
from gner.alignment.official import Match, OfficialAligner, longest_common_subsequence, match
from gner.alignment.postprocess import PostProcessor
from gner.prompting import GnerFormat
from gner.records import AlignmentReport, Example, TaggedWord
from gner.scoring.prediction_file import Row

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=10)


def _lcs_length(source: list[str], written: list[str]) -> int:
    """The textbook dynamic program."""
    table = [[0] * (len(written) + 1) for _ in range(len(source) + 1)]
    for i, left in enumerate(source, start=1):
        for j, right in enumerate(written, start=1):
            table[i][j] = table[i - 1][j - 1] + 1 if left == right else max(table[i - 1][j], table[i][j - 1])
    return table[-1][-1]


@given(WORDS, WORDS)
def test_matches_are_a_longest_common_subsequence(source: list[str], written: list[str]) -> None:
    for matches in (longest_common_subsequence(source, written), match(source, written)):
        assert len(matches) == _lcs_length(source, written)
        assert all(source[at.source] == written[at.written] for at in matches)
        for before, after in itertools.pairwise(matches):
            assert before.source < after.source
            assert before.written < after.written


@given(WORDS, WORDS)
def test_the_report_accounts_for_every_word(source: list[str], written: list[str]) -> None:
    _, report, _ = OfficialAligner()(source, [TaggedWord(word, "O") for word in written])
    matched = _lcs_length(source, written)
    assert report.omissions + report.substitutions == len(source) - matched
    assert report.additions + report.substitutions == len(written) - matched


def test_subsequence_is_matched_from_the_left() -> None:
    """The released scorer's choice, though the second `the` would be the better one."""
    assert match(["the", "x", "the", "y"], ["the", "y"]) == [Match(0, 0), Match(3, 1)]


def test_case_does_not_matter_and_unmatched_words_get_o() -> None:
    tags, report, _ = OfficialAligner()(
        ["New", "York", "rocks"], [TaggedWord("new", "B-place"), TaggedWord("x", "I-place")]
    )
    assert tags == ("B-place", "O", "O")
    assert report == AlignmentReport(omissions=1, substitutions=1)


def test_source_words_are_back_tokenized() -> None:
    align = OfficialAligner(lambda words: [word.replace("í", "") for word in words])
    assert align(["antropología"], [TaggedWord("antropologa", "B-field")]).tags == ("B-field",)


TEXTS = st.lists(
    st.sampled_from(["a(O)", "B(B-x)", "b(I-x) ", " c(B-y y)", "(O)", "d", "(B-z)", "é(I-x )", "\n", "(I-"]),
    max_size=12,
)


@given(st.lists(st.tuples(st.lists(st.sampled_from(["a", "B", "b", "c", "dé", "é"]), max_size=9), TEXTS), max_size=3))
def test_tags_equal_those_of_the_plain_algorithm(rows: list[tuple[list[str], list[str]]]) -> None:
    """With back-tokenization by a tokenizer that knows the letters a to d only."""
    letters = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel({"?": 0, "a": 1, "b": 2, "c": 3, "d": 4}, "?")), unk_token="?"
    )
    letters.backend_tokenizer.pre_tokenizer = Split("", "isolated")
    read = [
        Row(Example(tuple(words), ("O",) * len(words), ("x", "y y"), "toy", "0"), ["".join(text)], True, {})
        for words, text in rows
    ]
    postprocess = PostProcessor(GnerFormat(), BackTokenizer(letters))
    assert plain(read, letters) == [postprocess.read_official(row.example, row.texts).tags for row in read]
