"""Reads BioC in JSON: collections of documents whose passages have annotations, as PubTator Central exports them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from gner.data.annotations.spans import Options, Record, Text
from gner.data.reading.json_fields import Object, as_object, check_type, describe, is_list, whole_number
from gner.data.reading.json_format import JsonFormat
from gner.data.reading.passages import Mention, Passage, join_passages
from gner.errors import UserError

_DOCUMENTS = ("documents", "PubTator3")
_TYPE = "type"


class BioC(JsonFormat):
    """BioC-JSON; the type of an annotation is ``type`` of its ``infons``, or what ``columns.type`` names."""

    name = "bioc"
    title = "BioC"

    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether it is a collection or a document."""
        documents = _documents(value)
        return bool(documents) and all(_is_document(one) for one in documents)

    def read_records(self, records: Iterable[Record], options: Options) -> Iterator[Text]:
        """Read documents, also of collections; see the base class."""
        for record in records:
            documents = _documents(record.value)
            is_alone = documents == [record.value]
            for number, document in enumerate(documents, start=1):
                place = record.place if is_alone else f"{record.place}, document {number}"
                yield self.read_record(Record(document, place), options)

    def read_record(self, record: Record, options: Options) -> Text:
        """Read a document; see the base class."""
        value, place = as_object(record, "a document with passages"), record.place
        if not _is_document(value):
            raise UserError(f"{place}: expected a document with a list of `passages`, found {describe(value)}.")
        passages: list[Passage] = []
        mentions: list[Mention] = []
        for number, one in enumerate(value["passages"], start=1):
            own = f"{place}, passage {number}"
            sentences = one.get("sentences") or []
            passages += [_passage(piece, own) for piece in ([one] if one.get("text") else sentences)]
            annotations = chain.from_iterable(piece.get("annotations") or [] for piece in [one, *sentences])
            mentions += [_mention(annotation, own, options) for annotation in annotations]
        return join_passages(passages, mentions, place, options)


def _documents(value: Any) -> list[Any]:
    """The documents of a collection, or a document itself."""
    if not isinstance(value, dict):
        return [value]
    found = next((value[name] for name in _DOCUMENTS if is_list(value.get(name))), None)
    return [value] if found is None else list(found)


def _is_document(value: Any) -> bool:
    passages = value.get("passages") if isinstance(value, dict) else None
    return is_list(passages) and all(isinstance(one, dict) and "offset" in one for one in passages)


def _passage(piece: Object, place: str) -> Passage:
    start, text = whole_number(piece.get("offset")), piece.get("text", "")
    if start is None or not isinstance(text, str):
        raise UserError(f"{place}: expected an `offset` and a `text`, found {describe(piece)}.")
    return Passage(start, text)


def _mention(annotation: Any, place: str, options: Options) -> Mention:
    value = as_object(Record(annotation, place), "an annotation")
    own, infons, locations = f"{place}, annotation {value.get('id')}", value.get("infons"), value.get("locations")
    places = [_location(one) for one in locations] if is_list(locations) else [None]
    found = [one for one in places if one is not None]
    if len(found) < len(places):
        raise UserError(
            f'{own}: expected `locations` such as [{{"offset": 0, "length": 3}}], found {describe(locations)}.'
        )
    entity_type = infons.get(options.columns.get("type", _TYPE)) if isinstance(infons, dict) else None
    return Mention(found, check_type(entity_type, own) if entity_type else "", value.get("text"), own)


def _location(value: Any) -> tuple[int, int] | None:
    """The first and exclusive last character of a location."""
    if not isinstance(value, dict):
        return None
    start, length = whole_number(value.get("offset")), whole_number(value.get("length"))
    return None if start is None or length is None else (start, start + length)
