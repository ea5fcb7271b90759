"""What the readers of documents have in common in tests."""

from pathlib import Path

from gner.bio import to_entities
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader

Entities = list[list[tuple[str, str]]]


def open_file(path: Path, content: str, **options: object) -> SourceReader:
    """Write a file and open it as a source."""
    path.write_text(content, encoding="utf-8")
    return SourceReader(Source(str(path), **options))  # type: ignore[arg-type]


def entities(reader: SourceReader) -> Entities:
    """The text and type of each entity, by sentence."""
    return [
        [(" ".join(one.words[entity.start : entity.end]), entity.type) for entity in to_entities(one.tags)]
        for one in reader.read(reader.parts[0])
    ]


def notes(reader: SourceReader) -> list[tuple[str, str]]:
    """Kind and place of each note; the place without the folder."""
    found = reader.reports[reader.parts[0]].notes
    return [(note.kind, Path(note.place).name) for note in found]
