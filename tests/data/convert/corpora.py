"""Small corpora for the tests of conversion."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from gner.data.convert.source_conversion import ConvertOptions, convert_source
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader

TARGETS = ("jsonl", "gner", "conll", "hf", "spacy")
TYPES = ["zoo animal", "person", "B-52", "Ort/Straße"]
"""Not in alphabetical order, and one looks like a tag."""
Essence = dict[str, list[tuple[Any, ...]]]


def essence(path: Path, **options: Any) -> Essence:
    """The words, tags, types and ids of each split."""
    reader = SourceReader(Source(str(path), **options))
    found: Essence = {}
    for part in reader.parts:
        found[part] = [(one.words, one.tags, one.types, one.id) for one in reader.read(part)]
    return found


def convert(source: Path, out: Path, to: Any = "jsonl", **options: Any) -> str:
    """Convert a source, and return what the terminal shows."""
    console = Console(file=io.StringIO(), width=500)
    convert_source(ConvertOptions(str(source), out=out, to=to, **options), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def write_sentences(path: Path, *sentences: str, types: list[str] | None = None) -> None:
    """Write JSON Lines from texts such as ``Ada/B-person slept/O``; ``_`` stands for a space."""
    rows = []
    for text in sentences:
        pairs = [pair.rsplit("/", 1) for pair in text.split(" ")]
        row = {
            "words": [word.replace("_", " ") for word, _ in pairs],
            "tags": [tag.replace("_", " ") for _, tag in pairs],
        }
        rows.append({**row, "types": types} if types else row)
    write_rows(path, rows)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
