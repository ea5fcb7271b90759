"""Gold and predicted entities side by side, as Markdown for TensorBoard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gner.bio import to_entities
from gner.markdown import as_text
from gner.records import Entity
from gner.scoring.prediction_file import Decoded


def side_by_side(decoded: Iterable[Decoded]) -> str:
    """A table with a row per example: its sentence with gold entities, and with predicted ones.

    Right entities are marked ✓; missed ones, in the gold column, and wrong ones, in the other, ✗.

    Example:
        >>> from gner.records import AlignmentReport, Example, Prediction
        >>> example = Example(("Ada", "met", "Bob"), ("B-person", "O", "B-person"), ("person",), "toy", "0")
        >>> prediction = Prediction(("B-person", "O", "O"), (Entity(0, 1, "person"),), AlignmentReport())
        >>> print(side_by_side([Decoded(0, example, prediction)]))
        | gold | predicted |
        |---|---|
        | **Ada** person ✓ met **Bob** person ✗ | **Ada** person ✓ met Bob |
    """
    lines = ["| gold | predicted |", "|---|---|"]
    for row in decoded:
        gold, predicted = to_entities(row.example.tags), row.prediction.entities
        cells = (_mark(row.example.words, gold, predicted), _mark(row.example.words, predicted, gold))
        lines.append(f"| {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def _mark(words: Sequence[str], entities: Iterable[Entity], others: Iterable[Entity]) -> str:
    """The sentence with its entities in bold, their type, and whether the other side has them too.

    Predicted entities have scores and gold ones have none, so scores are not compared.
    """
    right = {(entity.start, entity.end, entity.type) for entity in others}
    parts: list[str] = []
    position = 0
    for entity in entities:
        parts += map(as_text, words[position : entity.start])
        text = as_text(" ".join(words[entity.start : entity.end]))
        sign = "✓" if (entity.start, entity.end, entity.type) in right else "✗"
        parts.append(f"**{text}** {as_text(entity.type)} {sign}")
        position = entity.end
    return " ".join([*parts, *map(as_text, words[position:])])
