"""Reads InstructUIE's files: sentences with words separated by spaces; entities with name, type and position."""

from __future__ import annotations

from typing import Any

from gner.alignment.strings import find_string
from gner.data.annotations.spans import Options, Record, Span, Text
from gner.data.reading.json_fields import as_object, check_type, describe, is_list, whole_number
from gner.data.reading.json_format import JsonFormat
from gner.errors import UserError
from gner.words import Word, find_splitter

_NO_TYPES = ("", "NA")


class InstructUie(JsonFormat):
    """InstructUIE's files; an entity without ``pos`` is placed at every occurrence of its name."""

    name = "instruct_uie"
    title = "InstructUIE"

    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether it is an object with InstructUIE's fields."""
        entities = value.get("entities") if isinstance(value, dict) else None
        if not is_list(entities) or not isinstance(value.get("sentence"), str):
            return False
        return all(isinstance(entity, dict) and "name" in entity and "type" in entity for entity in entities)

    def read_record(self, record: Record, options: Options) -> Text:
        """Read an object; see the base class."""
        value = as_object(record, "an object with `sentence` and `entities`")
        text, entities = value.get("sentence"), value.get("entities")
        if not isinstance(text, str) or not is_list(entities):
            raise UserError(f"{record.place}: expected a `sentence` and a list of `entities`, found {describe(value)}.")
        words = (options.split_words or find_splitter("whitespace"))(text)
        spans: list[Span] = []
        for entity in entities:
            spans += _read_entity(entity, text, words, record.place, options)
        return Text(text, spans, record.place, words=words, cut="never")


def _read_entity(entity: Any, text: str, words: list[Word], place: str, options: Options) -> list[Span]:
    if not isinstance(entity, dict) or not isinstance(entity.get("name"), str):
        raise UserError(
            f'{place}: expected an entity such as {{"name": "Ada", "type": "person", "pos": [0, 3]}}, found '
            f"{describe(entity)}."
        )
    name, entity_type = entity["name"], entity.get("type")
    if entity_type is None or str(entity_type).strip() in _NO_TYPES:
        options.report.add("no_type", place, f"`{name}`")
        return []
    entity_type = check_type(entity_type, place)
    position: Any = entity.get("pos")
    if is_list(position) and len(position) == 2:
        start, end = whole_number(position[0]), whole_number(position[1])
        if start is not None and end is not None:
            return [Span(start, end, entity_type, name)]
    places = find_string(text, words, name)
    if not places:
        options.report.add("unplaceable", place, f"`{name}` ({entity_type})")
    return [Span(start, end, entity_type) for start, end in places]
