"""Generations to predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from gner.alignment.back_tokenize import BackTokenize
from gner.alignment.official import OfficialAligner
from gner.alignment.robust import RobustAligner
from gner.bio import repair, to_entities
from gner.prompting.base import Format
from gner.records import Alignment, AlignmentReport, Example, Prediction

AlignerName = Literal["robust", "official"]


class PostProcessor:
    """Reads what a model wrote and lays it on the source words.

    Args:
        format: How the texts were asked for.
        back_tokenize: How source words look when the model writes them; null if that is unknown.
        aligner: Where ``tags`` come from: ``robust`` loses as little as possible, ``official`` is what the format's
            released scorer does. ``official_tags`` always come from the latter.
    """

    def __init__(
        self, format: Format, back_tokenize: BackTokenize | None = None, aligner: AlignerName = "robust"
    ) -> None:
        self._format = format
        self._robust = RobustAligner(back_tokenize) if aligner == "robust" else None
        self._official = OfficialAligner(back_tokenize)

    def __call__(self, example: Example, text: str) -> Prediction:
        """Make a prediction of whatever text there is."""
        official, report, _ = self.read_official(example, text)
        if self._robust is not None:
            return replace(self._format.read(example, [text], self._robust), official_tags=official)
        tags, num_repaired = repair(official)
        return Prediction(
            tags, official, tuple(to_entities(tags)), report + AlignmentReport(repaired_tags=num_repaired)
        )

    def read_official(self, example: Example, text: str) -> Alignment:
        """The tags of the released scorer only."""
        return self._format.read_official(example, [text], self._official)
