"""What a prediction file says was found, without reading its texts again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gner.bio import to_tags
from gner.prompting import DefaultFormat
from gner.records import AlignmentReport, Prediction
from gner.scoring.prediction_file import Row, scored_entities
from gner.scoring.rescore import Rescored
from gner.scoring.results import EntityScores
from gner.scoring.tally import Tally, entity_scores


class StoredAnswers:
    """Takes the entities of rows as they were scored when the file was written, whichever aligner that was by.

    Example:
        >>> from gner.records import Example
        >>> example = Example(("Ada",), ("B-person",), ("person",), "toy", "0")
        >>> found = [{"start": 0, "end": 1, "type": "person"}]
        >>> answers = StoredAnswers()
        >>> [answer.prediction.tags for answer in answers([Row(example, ["ada(O)"], True, {"entities": found})])]
        [('B-person',)]
        >>> answers.scores().overall.strict.f1
        1.0
    """

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}

    def __call__(self, rows: Iterable[Row]) -> Iterator[Rescored]:
        """Each row with its prediction.

        Raises:
            UserError: A row has no entities.
        """
        format = DefaultFormat()
        for row in rows:
            entities = scored_entities(row)
            tags = tuple(to_tags(entities, len(row.example.words)))
            prediction = Prediction(tags, entities, AlignmentReport())
            tally = self._tallies.setdefault(row.example.dataset, Tally(scorers=()))
            tally += Tally.of(row.example, prediction, scorers=())
            yield Rescored(row, prediction, (), format)

    def scores(self) -> EntityScores:
        """Of all rows so far, strict only."""
        return entity_scores(self._tallies)
