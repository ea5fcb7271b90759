"""Formats that ask for each type by itself."""

from dataclasses import replace

import pytest

from gner.prompting import Format, GnerFormat, Query, UniNerFormat
from gner.prompting.by_type import asks_each_type, of_types
from gner.records import Example
from tests.prompting.questions import EXAMPLE, QuestionFormat


class _ShowsAllTypes(QuestionFormat):
    """Asks a question a type, each of which names them all."""

    def queries(self, example: Example) -> list[Query]:
        return [Query(f"{query.prompt} {example.types}", query.target) for query in super().queries(example)]


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        (QuestionFormat(), True),
        (QuestionFormat(conversation=True), True),
        (UniNerFormat(), True),
        (GnerFormat(), False),
        (_ShowsAllTypes(), False),
    ],
)
def test_types_are_asked_one_by_one_if_no_prompt_depends_on_the_others(format: Format, expected: bool) -> None:
    assert asks_each_type(format, EXAMPLE) is expected


def test_types_keep_their_order_and_descriptions() -> None:
    example = replace(EXAMPLE, descriptions=(("person", "a human"), ("car", "with wheels")))
    part = of_types(example, 1, 3)
    assert part == replace(example, types=("place", "car"), descriptions=(("car", "with wheels"),))
    assert of_types(example, 0, 3) == example
