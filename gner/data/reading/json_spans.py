"""Reads JSON objects with a text and character spans, as Prodigy, doccano, spaCy and displaCy write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gner.data.annotations.spans import Options, Record, Span, Text
from gner.data.annotations.subwords import are_pieces, join_pieces
from gner.data.reading.json_fields import (
    Object,
    as_items,
    as_object,
    describe,
    find_field,
    is_list,
    strings,
)
from gner.data.reading.json_format import JsonFormat
from gner.data.reading.span_fields import NO_TYPE, SpanFields, is_span
from gner.data.reading.tables import Table, inner_names
from gner.errors import UserError

_TEXTS = ("text", "sentence", "content", "data")
_SPANS = ("spans", "entities", "ents", "label", "labels", "annotations", "ner")
_OFFERED = ("types", "entity_types", "label_list")


class TextSpans(JsonFormat):
    """A text with character spans, whose ends are exclusive; also ``[text, {"entities": [...]}]`` as in spaCy 2."""

    name = "spans"
    title = "text with character spans"

    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether it has a text and a list of spans."""
        if not isinstance(value, dict):
            return _is_pair(value)
        text = find_field(value, _TEXTS, columns.get("text"))
        spans = _spans_field(value, columns)
        items = as_items(value[spans]) if spans is not None else None
        if text is None or not isinstance(value[text], str) or not is_list(items):
            return False
        return all(is_span(span, columns) for span in items)

    def read_record(self, record: Record, options: Options) -> Text | None:
        """Read an object or a pair.

        Returns:
            The text; None for one that was rejected or skipped in Prodigy, or has no field with spans.

        Raises:
            UserError: The record is malformed.
        """
        if _is_pair(record.value):
            record = record._replace(value={"text": record.value[0], **record.value[1]})
        value = as_object(record, "an object with a text and spans")
        if _is_null(value, options.columns):
            options.report.add("no_words", record.place, "null")
            return None
        text = _text_of(value, record.place, options)
        if value.get("answer") in ("reject", "ignore"):  # Prodigy
            options.report.add("unannotated", record.place, f"{text[:60]!r} ({value['answer']})")
            return None
        spans_field = _spans_field(value, options.columns)
        if spans_field is None and value.get("answer") != "accept":
            options.report.add("unannotated", record.place, f"{text[:60]!r} (no field with spans)")
            return None
        items = as_items(value[spans_field]) if spans_field is not None else []
        if not is_list(items):
            raise UserError(f"{record.place}: expected a list of spans as `{spans_field}`, found {describe(items)}.")
        types_field = find_field(value, _OFFERED, options.columns.get("types"))
        _report_unused(value, spans_field, record.place, options)
        spans = _read_spans(items, text, record.place, options)
        types = strings(value[types_field], record.place, types_field) if types_field else None
        return Text(text, spans, record.place, types=types)

    def types_of_table(self, table: Table, columns: Mapping[str, str]) -> tuple[str, ...]:
        """The class names of the types in lists of spans; see the base class."""
        own = columns.get("spans")
        for column in [own] if own else _SPANS:
            if column in table.column_names:
                names = inner_names(table.features[column])
                if names:
                    return tuple(names)
        return ()


def _is_pair(value: Any) -> bool:
    """Whether a value is a text and an object with spans, as in spaCy 2."""
    return is_list(value) and len(value) == 2 and isinstance(value[1], dict)


def _is_null(value: Object, columns: Mapping[str, str]) -> bool:
    """Whether the text is null, as in tables with empty cells."""
    names = [columns["text"]] if "text" in columns else _TEXTS
    return find_field(value, names) is None and any(name in value for name in names)


def _text_of(value: Object, place: str, options: Options) -> str:
    field = find_field(value, _TEXTS, options.columns.get("text"))
    if field is None or not isinstance(value[field], str):
        raise UserError(
            f"{place}: expected a text (one of {', '.join(_TEXTS)}), found {describe(value)}. Set `columns`, for "
            "example to {text: body, spans: mentions}."
        )
    return str(value[field])


def _spans_field(value: Object, columns: dict[str, str]) -> str | None:
    """The first field with spans, or else the first that is there."""
    names = [name for name in _SPANS if value.get(name)]
    return find_field(value, names or _SPANS, columns.get("spans"))


def _report_unused(value: Object, used: str | None, place: str, options: Options) -> None:
    """Report spans in other fields than the one that is read, unless they are equal."""
    for name in _SPANS:
        items = as_items(value.get(name))
        if name == used or not items or not is_list(items) or items == as_items(value[used or name]):
            continue
        for item in items:
            if is_span(item, options.columns):
                options.report.add("unused", place, f"{describe(item)} in `{name}`, because `{used}` is read")


def _read_spans(items: Sequence[Any], text: str, place: str, options: Options) -> list[Span]:
    fields = SpanFields(items, text, place, options.columns)
    spans: list[Span] = []
    for item in items:
        span = fields.read(item)
        if span.type != NO_TYPE:
            spans.append(span)
        else:
            options.report.add("no_type", place, describe(item))
    if are_pieces([span.type for span in spans]):
        return join_pieces(text, spans, place, options)
    return spans
