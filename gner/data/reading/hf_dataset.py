"""Reads Hugging Face datasets: rows of any kind of JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from gner.data.annotations.spans import Options, Tagged, Text
from gner.data.reading.file_format import FileFormat, Opened, Sample
from gner.data.reading.json_fields import describe
from gner.data.reading.json_format import TABLE, JsonFormat
from gner.data.reading.tables import Part, is_parquet, load_parts, rows
from gner.errors import UserError

_NUM_ROWS = 50


class HuggingFace(FileFormat):
    """Datasets of the hub, ``save_to_disk`` folders and parquet files.

    Args:
        kinds: What rows may be.
    """

    name = "huggingface"
    title = TABLE

    def __init__(self, kinds: Sequence[JsonFormat]) -> None:
        self._kinds = kinds

    def recognizes(self, sample: Sample) -> float:
        """Whether it is a parquet file."""
        return float(is_parquet(sample.path))

    def open(self, parts: dict[str, list[Path]], columns: Mapping[str, str]) -> Opened:
        """Load parquet files, and detect the kind of their rows.

        Raises:
            UserError: The files are not parquet, or their rows are of no kind.
        """
        first = next(iter(parts.values()))[0]
        if not is_parquet(first):
            raise UserError(
                f"{first}: expected a hub name, a saved folder or parquet files for the format {self.name}, found "
                "another file. Set `format` to auto."
            )
        return self.open_tables(load_parts(parts), str(first), columns)

    def open_tables(self, tables: Mapping[str, Part], name: str, columns: Mapping[str, str]) -> Opened:
        """Detect the kind of the rows of tables.

        Raises:
            UserError: They are of no kind.
        """
        loaded = [table for table in tables.values() if not isinstance(table, UserError)]
        records = chain.from_iterable(rows(table, name) for table in loaded)
        values = [record.value for record in islice(records, _NUM_ROWS)]
        shares = {kind: kind.share(values, dict(columns)) for kind in self._kinds}
        best = max(shares, key=lambda kind: shares[kind])
        if not shares[best]:
            names = ", ".join(kind.name for kind in self._kinds)
            raise UserError(no_kind(name, names, describe(values[0]) if values else "nothing"))
        return Opened(best, dict(tables), f"{self.title}, {best.title}")

    def read(self, path: Path, options: Options) -> Iterator[Text | Tagged]:
        """Read a parquet file; see the base class."""
        opened = self.open({"": [path]}, options.columns)
        return opened.format.read_part(opened.parts[""], str(path), options)


def no_kind(place: str, names: str, found: str) -> str:
    """The message for JSON, or a table, whose kind is unknown."""
    return (
        f"{place}: expected JSON of one of {names}, found {found}. Set `columns` if fields have other names, for "
        "example to {words: tokens, tags: ner_tags} or {text: body, spans: mentions}, or set `format`."
    )
