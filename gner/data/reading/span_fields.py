"""Finds out which fields of the spans of a text hold offsets, type and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gner.data.annotations.offsets import normalize
from gner.data.annotations.spans import Span, Trust
from gner.data.reading.json_fields import Object, check_type, describe, find_field, is_list, whole_number
from gner.errors import UserError
from gner.scoring.prediction_file import as_score

_STARTS = ("start", "start_offset", "start_char", "begin", "startOffset", "offset")
_ENDS = ("end", "end_offset", "end_char", "endOffset", "stop")
_TYPES = ("label", "type", "entity_group", "entity", "tag", "category", "entity_type", "labels")
_TEXTS: dict[str, Trust] = {
    "text": "text",
    **dict.fromkeys(("name", "word", "mention", "surface", "surface_form", "entity_text", "span_text"), "both"),
    **dict.fromkeys(("phrase", "string", "span"), "both"),
    "value": "offsets",
    "entity": "both",  # unless it is the type
}
"""Fields with the text of a span, and whether to trust that or the offsets."""

NO_TYPE = ""
"""The type of a span whose list of labels is empty."""


class SpanFields:
    """The fields of the spans of one text.

    In some files ``entity`` holds the text of a span and another field its type: fields whose values all occur in the
    text hold no types, if there is another.

    Args:
        items: The spans: objects, or lists of start, end and type.
        text: The text.
        place: Where it is, for messages.
        columns: Fields with unusual names, by what they hold.

    Raises:
        UserError: The only field that may hold types, ``entity``, holds the texts of the spans.

    Example:
        >>> spans = [{"start": 0, "end": 3, "entity": "Ada", "entity_type": "person"}]
        >>> fields = SpanFields(spans, "Ada slept", "a.jsonl:1", {})
        >>> fields.read(spans[0])
        Span(start=0, end=3, type='person', text='Ada', place='', trust='both', score=None)
    """

    def __init__(self, items: Sequence[Any], text: str, place: str, columns: Mapping[str, str]) -> None:
        self._place = place
        self._columns = columns
        objects = [item for item in items if isinstance(item, dict)]
        self._types = (columns["type"],) if "type" in columns else self._type_fields(objects, text)
        self._texts = [name for name in _TEXTS if name not in self._types]

    def _type_fields(self, objects: Sequence[Object], text: str) -> tuple[str, ...]:
        used = [name for name in _TYPES if any(item.get(name) is not None for item in objects)]
        if len(used) == 1 and used != ["entity"]:
            return tuple(used)
        folded = normalize(text)
        with_types = [name for name in used if not _all_occur([item.get(name) for item in objects], folded)]
        if used == ["entity"] and not with_types:
            self._refuse_texts(objects, text)
        return tuple(with_types or used)

    def _refuse_texts(self, objects: Sequence[Object], text: str) -> None:
        """Raise if ``entity``, the only field that may hold types, holds the texts of all spans."""
        if all(self._covers(item, text) for item in objects):
            raise UserError(
                f"{self._place}: expected types of spans, but `entity` holds their texts, such as "
                f"{objects[0]['entity']!r}. Set `columns`, for example to {{type: category}}."
            )

    def _covers(self, item: Object, text: str) -> bool:
        """Whether ``entity`` is the text at the offsets, whose end may be inclusive."""
        start, end = self._offsets(item)
        if start is None or end is None:
            return False
        return normalize(item["entity"]) in (normalize(text[start:end]), normalize(text[start : end + 1]))

    def read(self, item: Any) -> Span:
        """Read a span; one with an empty list of labels has the type `NO_TYPE`.

        Raises:
            UserError: It is malformed.
        """
        start, end, entity_type = self._offsets_and_type(item)
        if start is None or end is None:
            raise UserError(
                f"{self._place}: expected a span with start, end and label, such as "
                f'{{"start": 0, "end": 3, "label": "person"}} or [0, 3, "person"], found {describe(item)}.'
            )
        if is_list(entity_type) and len(entity_type) == 1:
            entity_type = entity_type[0]
        is_untyped = is_list(entity_type) and not entity_type
        text, trust = self._text_and_trust(item)
        name = NO_TYPE if is_untyped else check_type(entity_type, self._place)
        return Span(start, end, name, text, trust=trust, score=score_of(item))

    def _offsets_and_type(self, item: Any) -> tuple[int | None, int | None, Any]:
        if isinstance(item, dict):
            return *self._offsets(item), item.get(find_field(item, self._types) or "")
        if is_list(item) and len(item) == 3:
            return whole_number(item[0]), whole_number(item[1]), item[2]
        return None, None, None

    def _offsets(self, item: Object) -> tuple[int | None, int | None]:
        start_field = find_field(item, _STARTS, self._columns.get("start"))
        end_field = find_field(item, _ENDS, self._columns.get("end"))
        start, end = whole_number(item.get(start_field or "")), whole_number(item.get(end_field or ""))
        length = whole_number(item.get("length"))
        if end is None and start is not None and length is not None:
            end = start + length
        return start, end

    def _text_and_trust(self, item: Any) -> tuple[str | None, Trust]:
        field = find_field(item, self._texts) if isinstance(item, dict) else None
        if field is None or not isinstance(item[field], str):
            return None, "text"
        return item[field], _TEXTS[field]


def is_span(item: Any, columns: Mapping[str, str]) -> bool:
    """Whether a JSON value may be a span: an object with a start, or a list of start, end and type."""
    if isinstance(item, dict):
        return find_field(item, _STARTS, columns.get("start")) is not None
    return is_list(item) and len(item) == 3 and whole_number(item[0]) is not None and isinstance(item[2], str)


def score_of(item: Any) -> float | None:
    """The score that a span has, as a model's output; None without a number.

    Example:
        >>> score_of({"start": 0, "end": 3, "label": "person", "score": 0.9}), score_of([0, 3, "person"])
        (0.9, None)
    """
    return as_score(item.get("score")) if isinstance(item, dict) else None


def _all_occur(values: Sequence[Any], folded_text: str) -> bool:
    return all(isinstance(value, str) and normalize(value) in folded_text for value in values)
