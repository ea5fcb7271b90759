"""File formats whose texts are JSON values, or rows of a table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from gner.data.annotations.spans import Options, Record, Tagged, Text
from gner.data.reading.file_format import FileFormat, Opened, Sample
from gner.data.reading.tables import Part, Table, is_parquet, load_parts, rows
from gner.data.reading.text_files import read_json

TABLE = "a Hugging Face dataset"


class JsonFormat(FileFormat):
    """A kind of JSON object, one for each text; the rows of a table may be of that kind too."""

    @abstractmethod
    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether a JSON value is of this kind."""

    @abstractmethod
    def read_record(self, record: Record, options: Options) -> Text | Tagged | None:
        """Read a JSON value; None leaves it out, which is reported.

        Raises:
            UserError: The value is malformed.
        """

    def recognizes(self, sample: Sample) -> float:
        """The share of the first values that are of this kind."""
        return self.share(sample.records, sample.columns)

    def share(self, values: Sequence[Any], columns: dict[str, str]) -> float:
        """The share of values that are of this kind, from 0 to 1."""
        return sum(self.matches(value, columns) for value in values) / len(values) if values else 0.0

    def open(self, parts: dict[str, list[Path]], columns: Mapping[str, str]) -> Opened:
        """Load parquet files as tables; see the base class."""
        if any(is_parquet(path) for path in chain.from_iterable(parts.values())):
            return Opened(self, load_parts(parts), f"{TABLE}, {self.title}")
        return super().open(parts, columns)

    def read(self, path: Path, options: Options) -> Iterator[Text | Tagged]:
        """Read a file of JSON values; see the base class."""
        return self.read_records(read_json(path, options.report), options)

    def read_part(self, part: Part, name: str, options: Options) -> Iterator[Text | Tagged]:
        """Read files, or a table."""
        if isinstance(part, list):
            return super().read_part(part, name, options)
        return self.read_records(rows(part, name), self.options_for(part, options))

    def read_records(self, records: Iterable[Record], options: Options) -> Iterator[Text | Tagged]:
        """Read JSON values, or rows of a table."""
        found = (self.read_record(record, options) for record in records)
        return (item for item in found if item is not None)

    def options_for(self, table: Table, options: Options) -> Options:
        """The options with what a table itself tells about its columns."""
        return options

    def declared_types(self, part: Part, folder: Path, columns: Mapping[str, str]) -> tuple[str, ...]:
        """The types that the source lists itself, or that a table has class names for."""
        if isinstance(part, list):
            return super().declared_types(part, folder, columns)
        return self.types_of_table(part, columns)

    def types_of_table(self, table: Table, columns: Mapping[str, str]) -> tuple[str, ...]:
        """The types that a table has class names for; empty without any."""
        return ()
