"""Our own formats keep the contract, and formats that break it fail with the reason."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from gner.prompting import Format, GnerFormat, GollieFormat, InstructUieFormat, Query, Segment, UniNerFormat
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
        UniNerFormat(),
        UniNerFormat("paragraph", dataset_line=True, num_negative_types=1, negatives="uniform", published_seam=True),
        GollieFormat(),
        GollieFormat(baseline=True),
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


class _LearnsThePrompt(QuestionFormat):
    def query_segments(self, example: Example) -> list[list[Segment]]:
        return [[segment._replace(learned=True) for segment in one] for one in super().query_segments(example)]


class _LosesASegment(QuestionFormat):
    def query_segments(self, example: Example) -> list[list[Segment]]:
        return super().query_segments(example)[:1]


class _TellsTheAnswerInSegments(QuestionFormat):
    def query_segments(self, example: Example) -> list[list[Segment]]:
        return [[Segment(answer.text, False), answer] for _, answer in super().query_segments(example)]


class _LearnsNothingWithAnEncoder(QuestionFormat):
    def seq2seq_training(self, example: Example, rng: random.Random) -> list[list[Segment]]:
        return [[prompt] for prompt, _ in super().query_segments(example)]


class _StartsOtherwise(QuestionFormat):
    answer_start = " "


class _ForgetsAPlace(QuestionFormat):
    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        prediction = super().read(example, texts, align)
        return replace(prediction, written=prediction.written[:1])


class _PointsElsewhere(QuestionFormat):
    def read(self, example: Example, texts: Sequence[str], align: Aligner) -> Prediction:
        prediction = super().read(example, texts, align)
        return replace(prediction, written=tuple(place._replace(text=2) for place in prediction.written))


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
        (_LearnsThePrompt(), "expected segments of a prompt, and one that is learned"),
        (_LosesASegment(), "expected segments of 2 queries, got 1"),
        (_TellsTheAnswerInSegments(), "same segments of prompts when the gold tags are others"),
        (_LearnsNothingWithAnEncoder(), "expected a learned segment"),
        (_StartsOtherwise(), "expected an answer that starts with ' '"),
        (_ForgetsAPlace(), "expected as many places as entities"),
        (_PointsElsewhere(), "expected a place in the texts"),
        (_HasNoScorer(), "expected `scorer` to be set"),
        (_CountsInOneWayOnly(), "expected 2 counts, got 1"),
        (_ForgetsAnOption(), "suffix"),
    ],
)
def test_what_breaks_the_contract_is_told(format: Format, message: str) -> None:
    with pytest.raises((AssertionError, ValueError, AttributeError), match=message):
        check_format(format)
