"""Reads the JSON of NER Annotator (github.com/tecoholic/ner-annotator): one object with all texts and the types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from gner.data.annotations.spans import Options, Record, Text
from gner.data.reading.json_fields import as_object, describe, is_list, strings
from gner.data.reading.json_format import JsonFormat
from gner.data.reading.json_spans import TextSpans
from gner.errors import UserError


class NerAnnotator(JsonFormat):
    """NER Annotator's exports; ``classes`` are the types, and null is a text that nobody annotated."""

    name = "ner_annotator"
    title = "NER Annotator"

    def __init__(self) -> None:
        self._texts = TextSpans()

    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether it is an object with classes, and annotations that are pairs or null."""
        if not isinstance(value, dict) or not is_list(value.get("classes")):
            return False
        items = value.get("annotations")
        return is_list(items) and all(item is None or _is_pair(item) for item in items)

    def read_records(self, records: Iterable[Record], options: Options) -> Iterator[Text]:
        """Read the texts of exports; see the base class."""
        for record in records:
            value = as_object(record, "an object with `classes` and `annotations`")
            items, types = value.get("annotations"), strings(value.get("classes"), record.place, "classes")
            if not is_list(items):
                raise UserError(f"{record.place}: expected a list of `annotations`, found {describe(value)}.")
            for number, item in enumerate(items, start=1):
                text = self.read_record(Record(item, f"{record.place}, annotation {number}"), options)
                if text is not None:
                    yield replace(text, types=types or None)

    def read_record(self, record: Record, options: Options) -> Text | None:
        """Read an annotation: a text and its entities, or null."""
        if record.value is None:
            options.report.add("unannotated", record.place, "null")
            return None
        if not _is_pair(record.value):
            raise UserError(
                f'{record.place}: expected a pair such as ["Ada slept.", {{"entities": [[0, 3, "PER"]]}}], found '
                f"{describe(record.value)}."
            )
        return self._texts.read_record(record, options)


def _is_pair(item: Any) -> bool:
    """Whether an item is a text and an object."""
    return is_list(item) and len(item) == 2 and isinstance(item[0], str) and isinstance(item[1], dict)
