"""Strings as the released UniversalNER scorer compares them."""

from __future__ import annotations

from collections.abc import Iterable

from gner.prompting.gner_scorer import normalise
from gner.prompting.uniner_parser import parse_official
from gner.records import Counts


def official_strings(answer: str) -> list[str]:
    """The distinct normalized strings of an answer, as the released scorer reads it.

    A string of punctuation and articles only becomes an empty one, and counts.

    Example:
        >>> official_strings('["The U.S.", "us", "the"]'), official_strings('["Ada"')
        (['us', ''], [])
    """
    return list(dict.fromkeys(map(normalise, parse_official(answer).strings)))


def count_answers(answers: Iterable[tuple[str, str]]) -> Counts:
    """Counts of the answers to some questions, each about one type of one sentence.

    Args:
        answers: Pairs of the right answer, which is read in the same way, and what was written.

    Example:
        >>> count_answers([('["Ada", "Bob"]', '["ADA", "Ada", "Eve"]'), ("[]", "none")])
        Counts(num_correct=1, num_predicted=2, num_gold=2)
    """
    gold: set[tuple[int, str]] = set()
    predicted: set[tuple[int, str]] = set()
    for question, (right, written) in enumerate(answers):
        gold.update((question, string) for string in official_strings(right))
        predicted.update((question, string) for string in official_strings(written))
    return Counts.of_sets(gold, predicted)
