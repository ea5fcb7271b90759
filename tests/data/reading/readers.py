"""Reading what a test writes."""

from collections import Counter
from pathlib import Path
from typing import Any

from gner.bio import to_entities
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.records import Example
from tests.data.writers import write_json


def open_records(path: Path, *records: Any, lines: bool = True, **options: object) -> SourceReader:
    """Write JSON, or JSONL, and open it as a source."""
    write_json(path, records, lines=lines)
    return SourceReader(Source(str(path), **options))  # type: ignore[arg-type]


def entities_of(example: Example) -> list[tuple[str, str]]:
    """Text and type of each entity."""
    return [(" ".join(example.words[one.start : one.end]), one.type) for one in to_entities(example.tags)]


def read_records(path: Path, *records: Any, **options: object) -> tuple[list[Example], Counter[Any]]:
    """Write records and read them; also the counts of what happened to their annotations."""
    reader = open_records(path, *records, **options)  # type: ignore[arg-type]
    examples = reader.read(reader.parts[0])
    return examples, reader.reports[reader.parts[0]].counts()


def read_source(path: Path, split: str = "train", **options: object) -> list[Example]:
    """Read a split of a source."""
    reader = SourceReader(Source(str(path), **options))  # type: ignore[arg-type]
    return reader.read(reader.part_for(split))  # type: ignore[arg-type]
