"""An aligner of one's own is asked, with what the model's tokenizer knows, and changes nothing of official counts."""

from collections.abc import Sequence

from gner.alignment import PostProcessor, WordAligner
from gner.prompting import GnerFormat, UniNerFormat
from gner.records import Alignment, AlignmentReport, Example

EXAMPLE = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")


class _Backwards(WordAligner):
    """Takes tags from the end."""

    def align(self, words: Sequence[str], written: Sequence[tuple[str, str]]) -> Alignment:
        assert self.back_tokenize is None or self.back_tokenize(words) == ["ada", "slept"]
        tags = [tag for _, tag in reversed(written)]
        return Alignment(tuple(tags), AlignmentReport(substitutions=1), tuple(reversed(range(len(words)))))


def _lower(words: Sequence[str]) -> list[str]:
    return [word.lower() for word in words]


def test_tags_and_report_are_the_aligners() -> None:
    own = _Backwards()
    read, usual = PostProcessor(GnerFormat(), _lower, own), PostProcessor(GnerFormat(), _lower)
    text = "Ada(B-person) slept(O)"
    prediction = read(EXAMPLE, [text])
    assert prediction.tags == ("O", "B-person")
    assert prediction.report.substitutions == 1
    assert prediction.official == usual(EXAMPLE, [text]).official
    assert own.back_tokenize is None  # that of the config serves several models


def test_formats_of_lists_have_no_words_to_align() -> None:
    read = PostProcessor(UniNerFormat(), None, _Backwards())
    assert read(EXAMPLE, ['["Ada"]']).tags == ("B-person", "O")
