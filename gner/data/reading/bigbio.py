"""Reads BigBIO's schema for knowledge bases (``bigbio_kb``), in JSON or in tables."""

from __future__ import annotations

from typing import Any

from gner.data.annotations.spans import Options, Record, Text
from gner.data.reading.json_fields import as_items, as_object, check_type, describe, is_list, strings, whole_number
from gner.data.reading.json_format import JsonFormat
from gner.data.reading.passages import Mention, Passage, join_passages
from gner.errors import UserError


class BigBio(JsonFormat):
    """BigBIO's documents; events, relations and coreferences are not read."""

    name = "bigbio"
    title = "BigBIO's bigbio_kb"

    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether it is a document with passages and entities that have lists of offsets."""
        if not isinstance(value, dict):
            return False
        passages, entities = as_items(value.get("passages")), as_items(value.get("entities"))
        return is_list(entities) and is_list(passages) and all(map(_has_offsets, [*passages, *entities]))

    def read_record(self, record: Record, options: Options) -> Text:
        """Read a document; see the base class."""
        value, place = as_object(record, "a document with passages and entities"), record.place
        pieces, entities = as_items(value.get("passages")), as_items(value.get("entities"))
        if not is_list(pieces) or not is_list(entities):
            raise UserError(f"{place}: expected lists of `passages` and `entities`, found {describe(value)}.")
        passages: list[Passage] = []
        for number, piece in enumerate(pieces, start=1):
            passages += _passages(piece, f"{place}, passage {number}")
        mentions = [_mention(entity, f"{place}, entity {number}") for number, entity in enumerate(entities, start=1)]
        return join_passages(passages, mentions, place, options)


def _has_offsets(item: Any) -> bool:
    return isinstance(item, dict) and is_list(item.get("text")) and is_list(item.get("offsets"))


def _passages(item: Any, place: str) -> list[Passage]:
    texts, places = _parts(item, place)
    if len(texts) != len(places):
        raise UserError(f"{place}: expected as many texts as offsets, found {len(texts)} and {len(places)}.")
    return [Passage(start, text) for (start, _), text in zip(places, texts, strict=True)]


def _mention(item: Any, place: str) -> Mention:
    texts, places = _parts(item, place)
    entity_type = check_type(item["type"], place) if item.get("type") else ""
    return Mention(places, entity_type, " ".join(texts) or None, place)


def _parts(item: Any, place: str) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
    """The texts and the offsets of the parts of a passage or an entity.

    Raises:
        UserError: They are malformed.
    """
    pairs = [_pair(pair) for pair in item["offsets"]] if _has_offsets(item) else [None]
    places = [pair for pair in pairs if pair is not None]
    if len(places) < len(pairs):
        raise UserError(
            f'{place}: expected lists such as "text": ["Ada"] and "offsets": [[0, 3]], found {describe(item)}.'
        )
    return strings(item["text"], place, "text"), places


def _pair(value: Any) -> tuple[int, int] | None:
    if not is_list(value) or len(value) != 2:
        return None
    start, end = whole_number(value[0]), whole_number(value[1])
    return None if start is None or end is None else (start, end)
