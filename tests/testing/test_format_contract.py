"""Our own formats keep the contract, and formats that break it fail with the reason."""

import json
from collections.abc import Sequence

import pytest

from gner.prompting import Format, GnerFormat, InstructUieFormat, Query
from gner.records import Aligner, Example, Prediction
from gner.testing import check_format
from tests.prompting.questions import QuestionFormat


@pytest.mark.parametrize(
    "format",
    [
        GnerFormat(),
        GnerFormat(None, dataset_line=True, extra_type="else", context_window=1, gap_marker="..."),
        GnerFormat(context_window=0),
        GnerFormat(boundaries="bioes"),
        GnerFormat("Do it.", boundaries="bioes", context_window=1, gap_marker="..."),
        GnerFormat(boundaries="none"),
        GnerFormat(boundaries="none", merge_adjacent=True, context_window=0, gap_marker="..."),
        InstructUieFormat(),
        InstructUieFormat("multiple", task_name=True, dataset_name=True, auxiliary=0.5, published_braces=True),
        QuestionFormat(),
        QuestionFormat(conversation=True),
    ],
)
def test_our_formats_keep_the_contract(format: Format) -> None:
    check_format(format)


class _TellsTheAnswer(QuestionFormat):
    def queries(self, example: Example) -> list[Query]:
        return [Query(f"{query.prompt} {query.target}", query.target) for query in super().queries(example)]


class _Raises(QuestionFormat):
    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        return super().read(example, [json.dumps(json.loads(text)) for text in texts], align)


class _SaysTooMuch(QuestionFormat):
    def longest_answer(self, example: Example) -> str:
        return "[]"


class _HasNoScorer(QuestionFormat):
    scorer = None


class _CountsInOneWayOnly(QuestionFormat):
    variants = ("questions_once", "questions_loose")


class _ForgetsAnOption(GnerFormat):
    def __init__(self, suffix: str = "") -> None:
        super().__init__()
        self.ending = suffix


@pytest.mark.parametrize(
    ("format", "message"),
    [
        (_TellsTheAnswer(), "same prompts when the gold tags are others"),
        (_Raises(), "Expecting value"),
        (_SaysTooMuch(), "expected a text as long as"),
        (_HasNoScorer(), "expected `scorer` to be set"),
        (_CountsInOneWayOnly(), "expected 2 counts, got 1"),
        (_ForgetsAnOption(), "suffix"),
    ],
)
def test_what_breaks_the_contract_is_told(format: Format, message: str) -> None:
    with pytest.raises((AssertionError, ValueError, AttributeError), match=message):
        check_format(format)
