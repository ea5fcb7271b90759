"""Writes an HTML page of texts with their entities highlighted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gner.file_prediction.layouts import Result
from gner.web_page import MAX_ITEMS, write_page


def write_entity_page(path: Path, results: Iterable[Result]) -> None:
    """Write a self-contained HTML file of the first 20,000 texts; it says how many more there are.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from gner.file_prediction.layouts import Layout
        >>> from gner.words import WordSplitter
        >>> entity = {"start": 0, "end": 3, "label": "person", "score": 0.9}
        >>> result = Layout(WordSplitter()).read({"text": "Ada slept.", "entities": [entity]})
        >>> with TemporaryDirectory() as folder:
        ...     write_entity_page(Path(folder, "page.html"), [result])
        ...     '"labels":[["person",1]]' in Path(folder, "page.html").read_text(encoding="utf-8")
        True
    """
    texts: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    num_left_out = 0
    for result in results:
        if len(texts) == MAX_ITEMS:
            num_left_out += 1
            continue
        found = [[entity["start"], entity["end"], entity["label"], entity["score"]] for entity in result.entities]
        texts.append({"name": str(result.row.get("id", "")), "text": result.text.text, "entities": found})
        counts.update(entity["label"] for entity in result.entities)
    data = {"texts": texts, "labels": counts.most_common(), "leftOut": num_left_out}
    write_page(path, "gner.file_prediction/entity_page.html", data)
