"""Results of predictions."""

from typing import Any

from gner.file_prediction.layouts import Layout
from gner.words import WordSplitter

LAYOUT = Layout(WordSplitter())


def row_of(text: str, *entities: tuple[int, int, str], **more: Any) -> dict[str, Any]:
    """A result with entities, given by start, end and label."""
    found = [
        {"start": start, "end": end, "text": text[start:end], "label": label, "score": 0.5}
        for start, end, label in entities
    ]
    return {"text": text, **more, "entities": found}


ROWS = [
    row_of("Ada  Lovelace didn't go (to 🙂 London).", (0, 13, "person"), (30, 36, "city name"), id="sub/a.txt"),
    row_of(""),
    row_of("New\nYork\u200b City!", (0, 14, "city name")),
    row_of("half \ud83d pair", id="../../etc/x"),
    row_of("one", id="x-6"),
    row_of("two", id="x"),
    row_of("three", id="x"),
    row_of("four", id="y" * 300),
]
