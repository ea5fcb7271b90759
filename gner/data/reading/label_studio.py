"""Exports of Label Studio: JSON with whole annotations, and JSON-MIN.

Offsets count code points since version 1.5 and UTF-16 units before (github.com/HumanSignal/label-studio-frontend,
pull request 308); exports have the text of each region too, so `settle_offsets` tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gner.data.reading.fields import Object, as_object, check_type, describe, is_list, whole_number
from gner.data.reading.records import Options, Record, Span, Text
from gner.errors import UserError

_ANNOTATIONS = ("annotations", "completions")
_ABOUT = ("annotator", "created_at", "updated_at", "agreement")


def is_label_studio(value: Object) -> bool:
    """Whether an object is a task, or a line of JSON-MIN."""
    return _is_task(value) or _is_minimal(value)


def _is_task(value: Object) -> bool:
    return isinstance(value.get("data"), dict) and any(is_list(value.get(name)) for name in _ANNOTATIONS)


def _is_minimal(value: Object) -> bool:
    known = {"annotation_id", "annotator", "lead_time"} & set(value)
    return bool(known) or any(_is_regions(field) for field in value.values())


def _is_regions(field: Any) -> bool:
    return is_list(field) and bool(field) and all(_is_region(item) for item in field)


def _is_region(item: Any) -> bool:
    return isinstance(item, dict) and "start" in item and "end" in item and is_list(item.get("labels"))


def read_label_studio(record: Record, options: Options) -> Text | None:
    """Read a task.

    A region with several labels is several spans. Of several annotations the one marked as ground truth is used, else
    the first that was not cancelled.

    Returns:
        The text; None for a task that has no annotation.

    Raises:
        UserError: It is not understood.
    """
    value = as_object(record, "a task")
    if not _is_task(value):
        regions = [item for field in value.values() if _is_regions(field) for item in field]
        text = _text_of(value, regions, [], options, record.place)
        return Text(text, list(_spans(regions, record.place)), record.place)
    annotations = next(value[name] for name in _ANNOTATIONS if is_list(value.get(name)))
    done = [one for one in annotations if isinstance(one, dict) and not one.get("was_cancelled")]
    if not done:
        options.report.add("unannotated", record.place, f"task {value.get('id')}")
        return None
    if len(done) > 1:
        options.report.add("second_annotation", record.place, f"task {value.get('id')}: {len(done)} annotations")
    chosen = next((one for one in done if one.get("ground_truth")), done[0])
    results = [one for one in chosen.get("result") or [] if isinstance(one, dict)]
    regions = [_region(result, record.place) for result in results if str(result.get("type")).endswith("labels")]
    names = [str(result.get("to_name")) for result in results]
    text = _text_of(value["data"], regions, names, options, record.place)
    return Text(text, list(_spans(regions, record.place)), record.place)


def _region(result: Object, place: str) -> Object:
    value = result.get("value")
    kind = result.get("type")
    if kind != "labels" or not _is_region(value):
        raise UserError(
            f"{place}: expected regions of a <Text> with <Labels>, found one of type `{kind}` with {describe(value)}. "
            "Texts in HTML, dialogues and images have no character offsets; export that project otherwise."
        )
    assert isinstance(value, dict)
    return value


def _spans(regions: list[Object], place: str) -> Iterator[Span]:
    for region in regions:
        start, end = whole_number(region["start"]), whole_number(region["end"])
        if start is None or end is None or "startOffset" in region:
            raise UserError(f"{place}: expected a region of a <Text> with start and end, found {describe(region)}.")
        stated = region.get("text")
        for label in region["labels"]:
            yield Span(start, end, check_type(label, place), stated if isinstance(stated, str) else None)


def _text_of(data: Object, regions: list[Object], names: list[str], options: Options, place: str) -> str:
    """The annotated field: the configured one, one called as its tag or ``text``, or the only one that fits."""
    own = options.columns.get("text")
    texts = {name: field for name, field in data.items() if isinstance(field, str) and name not in _ABOUT}
    if own is not None and own not in texts:
        raise UserError(f"{place}: expected a text in the field `{own}`, found {describe(data)}. Set `columns.text`.")
    for name in [own] if own else [*names, "text"]:
        if name in texts and (own or _holds(texts[name], regions)):
            return texts[name]
    fitting = [name for name, field in texts.items() if _holds(field, regions)]
    if len(fitting) != 1 and not (fitting and "text" in texts):
        raise UserError(
            f"{place}: expected one field that holds the annotated text, found {describe(data)}. Set `columns` to "
            "{text: NAME}."
        )
    return texts[fitting[0]]


def _holds(text: str, regions: list[Object]) -> bool:
    """Whether a text has all that regions say that they hold."""
    squeezed = " ".join(text.split())
    return all(" ".join(str(region["text"]).split()) in squeezed for region in regions if region.get("text"))
