"""Reads GLiNER's training files: words, and spans of words with inclusive ends."""

from __future__ import annotations

from typing import Any

from gner.alignment.strings import join_words
from gner.data.annotations.spans import Options, Record, Span, Text
from gner.data.reading.json_fields import (
    Object,
    as_object,
    check_type,
    describe,
    find_field,
    is_list,
    strings,
    whole_number,
)
from gner.data.reading.json_format import JsonFormat
from gner.errors import UserError
from gner.words import Word

_WORDS = "tokenized_text"
_OFFERED = ("ner_labels", "label", "labels")
_NEGATIVES = ("ner_negatives", "ner_negative", "negatives", "negative")


class Gliner(JsonFormat):
    """GLiNER's training files."""

    name = "gliner"
    title = "GLiNER"

    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether it is an object with ``tokenized_text``."""
        return isinstance(value, dict) and is_list(value.get(_WORDS))

    def read_record(self, record: Record, options: Options) -> Text:
        """Read an object.

        Its types are those of ``ner_labels``, of its spans and of ``ner_negatives``; with neither field it has no list
        of its own.

        Raises:
            UserError: The object is malformed.
        """
        value = as_object(record, "an object with `tokenized_text` and `ner`")
        words = strings(value.get(_WORDS), record.place, _WORDS)
        items = value.get("ner") or []
        if not is_list(items):
            raise UserError(f"{record.place}: expected a list of spans as `ner`, found {describe(items)}.")
        text, placed = join_words(words)
        spans = [_read_span(item, placed, record.place) for item in items]
        return Text(
            text=text,
            spans=spans,
            place=record.place,
            types=_types(value, [span.type for span in spans], record.place),
            words=[word for word in placed if word.text.strip()],
            cut="never",
        )


def _read_span(item: Any, words: list[Word], place: str) -> Span:
    if not is_list(item) or len(item) != 3:
        raise UserError(f'{place}: expected a span such as [0, 1, "person"] in `ner`, found {describe(item)}.')
    first, last = whole_number(item[0]), whole_number(item[1])
    if first is None or last is None or not 0 <= first <= last < len(words):
        raise UserError(
            f"{place}: expected a span of words from 0 to {len(words) - 1}, with its last word included, found "
            f"{describe(item)}."
        )
    place = f"{place}, words {first}-{last}"
    return Span(words[first].start, words[last].end, check_type(item[2], place), place=place)


def _types(value: Object, used: list[str], place: str) -> tuple[str, ...] | None:
    offered = find_field(value, _OFFERED)
    negatives = find_field(value, _NEGATIVES)
    if offered is None and negatives is None:
        return None
    listed = strings(value[offered], place, offered) if offered else ()
    others = strings(value[negatives], place, negatives) if negatives else ()
    return tuple(dict.fromkeys([*listed, *used, *others])) or None
