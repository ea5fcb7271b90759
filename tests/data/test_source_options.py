"""Options of a source on command lines."""

import dataclasses

import pytest

from gner.data.reading.source import Source
from gner.data.source_options import AnswersOptions
from gner.errors import UserError
from gner.option_parser import parse_options


def _parse(*arguments: str) -> AnswersOptions:
    return parse_options(AnswersOptions, arguments, prog="command", description="Does it.")


def test_all_options_become_those_of_the_source() -> None:
    arguments = ["a", "--format", "conll", "--split", "dev", "--words", "whole", "--cut", "no", "--subset", "en"]
    arguments += ["--misaligned", "drop", "--scheme", "IOB1", "--invalid-tags", "repair", "--types", "x", "y"]
    arguments += ["--min-score", "0.9"]
    arguments += ["--columns", "words=2", "--tag-names", "O", "B-x"]
    expected = Source(
        "a",
        format="conll",
        split="dev",
        min_score=0.9,
        scheme="IOB1",
        types=["x", "y"],
        words="whole",
        cut=False,
        misaligned="drop",
        invalid_tags="repair",
        subset="en",
        columns={"words": "2"},
        tag_names=["O", "B-x"],
    )
    assert _parse(*arguments).source() == expected


def test_defaults_are_those_of_a_source() -> None:
    assert _parse("a").source() == dataclasses.replace(Source("a"), scheme="auto")


def test_types_are_renamed_and_dropped_by_pairs() -> None:
    assert _parse("a", "--types", "PER=person", "MISC=").source().types == {"PER": "person", "MISC": None}
    with pytest.raises(UserError, match=r"Expected NAME=VALUE, got `LOC`. Set --types"):
        _parse("a", "--types", "PER=person", "LOC").source()
