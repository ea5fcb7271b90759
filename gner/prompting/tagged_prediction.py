"""Predictions of what tags words and writes no text."""

from __future__ import annotations

from collections.abc import Sequence

from gner.alignment import OfficialAligner
from gner.bio import to_tags
from gner.prompting.base import Format
from gner.records import AlignmentReport, Entity, Example, Prediction


def tagged_prediction(
    example: Example, entities: Sequence[Entity], format: Format, report: AlignmentReport | None = None
) -> Prediction:
    """A prediction of given entities.

    The published scorer of the format counts the text that a model would write for them.

    Args:
        example: Its words.
        entities: Flat, in words.
        format: Whose scorer counts.
        report: What it took; by default nothing.

    Example:
        >>> from gner.prompting import GnerFormat
        >>> example = Example(("Ada", "slept"), ("B-person", "O"), ("person",), "toy", "0")
        >>> prediction = tagged_prediction(example, [Entity(0, 1, "person", 0.9)], GnerFormat())
        >>> prediction.tags, prediction.official, prediction.generations
        (('B-person', 'O'), Counts(num_correct=1, num_predicted=1, num_gold=1), ())
    """
    tags = to_tags(entities, len(example.words))
    text = format.draft(example, tags)
    official = None if text is None else format.official_counts(example, [text], OfficialAligner())
    return Prediction(tuple(tags), tuple(entities), report or AlignmentReport(), official=official)
