"""Exports of Label Studio: JSON with whole annotations, and JSON-MIN.

Offsets count code points since version 1.5 and UTF-16 units before (github.com/HumanSignal/label-studio-frontend,
pull request 308); exports have the text of each region too, so `correct_offsets` tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from gner.data.annotations.offsets import normalize
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Options, Record, Span, Text
from gner.data.reading.json_fields import Object, as_object, check_type, describe, is_list, whole_number
from gner.errors import UserError

_ANNOTATIONS = ("annotations", "completions")
_CANCELLED = ("was_cancelled", "skipped")
_ABOUT = ("annotator", "created_at", "updated_at", "agreement")


def is_label_studio(value: Object) -> bool:
    """Whether an object is a task, or a line of JSON-MIN."""
    return _is_task(value) or _is_minimal(value)


def _is_task(value: Object) -> bool:
    return isinstance(value.get("data"), dict) and any(is_list(value.get(name)) for name in _ANNOTATIONS)


def _is_minimal(value: Object) -> bool:
    known = {"annotation_id", "annotator", "lead_time"} & set(value)
    return bool(known) or any(_is_regions(field) and any(map(_has_labels, field)) for field in value.values())


def _is_regions(field: Any) -> bool:
    """Whether a field has regions; some may have no label."""
    return is_list(field) and bool(field) and all(_is_region(item) for item in field)


def _is_region(item: Any) -> bool:
    return isinstance(item, dict) and "start" in item and "end" in item and (_has_labels(item) or "label" not in item)


def _has_labels(item: Object) -> bool:
    return is_list(item.get("labels"))


def read_tasks(records: Iterable[Record], options: Options) -> Iterator[Text]:
    """Read the tasks of an export.

    JSON-MIN has an item for each annotation; of several with one ``id`` and text the first is used. The text of an item
    without regions is in the field where those with regions have theirs.

    Raises:
        UserError: A task is not understood.
    """
    tasks = list(records)
    others = options
    if "text" not in options.columns:
        name = _common_field([task.value for task in tasks if isinstance(task.value, dict)])
        others = replace(options, columns={**options.columns, "text": name}) if name else options
    seen: set[tuple[str, str]] = set()
    for task in tasks:
        value = task.value
        is_minimal = isinstance(value, dict) and not _is_task(value)
        is_bare = is_minimal and not _regions(value) and isinstance(value.get(others.columns.get("text", "")), str)
        report = ReadReport()
        text = read_label_studio(task, replace(others if is_bare else options, report=report))
        key = (str(value.get("id", "")) if is_minimal else "", text.text if text else "")
        if key[0] and key in seen:
            options.report.add("second_annotation", task.place, f"task {key[0]}")
            continue
        seen.add(key)
        options.report.notes += report.notes
        if text is not None:
            yield text


def _common_field(values: Sequence[Object]) -> str | None:
    """The field of JSON-MIN that holds the text of all items that have regions; None if that is not the only one."""
    annotated = [(value, regions) for value in values if not _is_task(value) and (regions := _regions(value))]
    if not annotated:
        return None
    names = set.intersection(*({*_fitting(_texts(value), regions)} for value, regions in annotated))
    return "text" if "text" in names else names.pop() if len(names) == 1 else None


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
        regions = _regions(value)
        text = _text_of(value, regions, [], options, record.place)
        return Text(text, list(_spans(regions, record.place, options)), record.place)
    annotations = next(value[name] for name in _ANNOTATIONS if is_list(value.get(name)))
    done = [
        one for one in annotations if isinstance(one, dict) and not (one.get("was_cancelled") or one.get("skipped"))
    ]
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
    return Text(text, list(_spans(regions, record.place, options)), record.place)


def _regions(value: Object) -> list[Object]:
    return [item for field in value.values() if _is_regions(field) for item in field]


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


def _spans(regions: list[Object], place: str, options: Options) -> Iterator[Span]:
    for region in regions:
        start, end = whole_number(region["start"]), whole_number(region["end"])
        if start is None or end is None or "startOffset" in region:
            raise UserError(f"{place}: expected a region of a <Text> with start and end, found {describe(region)}.")
        stated = region["text"] if isinstance(region.get("text"), str) else None
        labels = region["labels"] if _has_labels(region) else []
        if not labels:
            options.report.add("no_type", place, f"`{stated}`, characters {start}-{end}")
        for label in labels:
            yield Span(start, end, check_type(label, place), stated, trust="both")


def _texts(data: Object) -> dict[str, str]:
    return {name: field for name, field in data.items() if isinstance(field, str) and name not in _ABOUT}


def _text_of(data: Object, regions: list[Object], names: list[str], options: Options, place: str) -> str:
    """The annotated field: the configured one, one called as its tag or ``text``, or the only one that fits."""
    own = options.columns.get("text")
    texts = _texts(data)
    if own is not None and own not in texts:
        raise UserError(f"{place}: expected a text in the field `{own}`, found {describe(data)}. Set `columns.text`.")
    fitting = [own] if own else _fitting(texts, regions)
    named = next((name for name in [*([own] if own else names), "text"] if name in fitting), None)
    if named is None and not fitting and (len(texts) == 1 or "text" in texts):
        named = "text" if "text" in texts else next(iter(texts))  # whatever regions say; they are in no other
    if named is None and len(fitting) != 1:
        raise UserError(
            f"{place}: expected one field that holds the annotated text, found {describe(data)}. Set `columns` to "
            "{text: NAME}."
        )
    return texts[named or fitting[0]]


def _fitting(texts: dict[str, str], regions: list[Object]) -> list[str]:
    """The fields that hold all that regions say they hold."""
    return [name for name, text in texts.items() if _holds(text, regions)]


def _holds(text: str, regions: list[Object]) -> bool:
    """Whether a text has all that regions say that they hold."""
    squeezed = normalize(text)
    return all(normalize(str(region["text"])) in squeezed for region in regions if region.get("text"))
