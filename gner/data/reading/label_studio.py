"""Reads Label Studio's exports: JSON with full annotations, and JSON-MIN.

Offsets count code points since version 1.5, and UTF-16 units before (github.com/HumanSignal/label-studio-frontend, pull
request 308). Exports also have the text of each region, from which `correct_offsets` detects which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from gner.data.annotations.offsets import normalize
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Options, Record, Span, Text
from gner.data.reading.json_fields import Object, as_object, check_type, describe, is_list, whole_number
from gner.data.reading.json_format import JsonFormat
from gner.errors import UserError

_ANNOTATIONS = ("annotations", "completions")
_CANCELLED = ("was_cancelled", "skipped")
_METADATA = ("annotator", "created_at", "updated_at", "agreement")


class LabelStudio(JsonFormat):
    """Label Studio's exports."""

    name = "label_studio"
    title = "Label Studio"

    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether it is a task, or an item of JSON-MIN."""
        return isinstance(value, dict) and (_is_task(value) or _is_minimal(value))

    def read_records(self, records: Iterable[Record], options: Options) -> Iterator[Text]:
        """Read the tasks of an export.

        JSON-MIN has an item for each annotation; of several with the same ``id`` and text the first is used. The text
        of an item without regions is in the same field as in items with regions.

        Raises:
            UserError: A task is malformed.
        """
        tasks = list(records)
        bare_options = _with_text_field(tasks, options)
        seen: set[tuple[str, str]] = set()
        for task in tasks:
            report = ReadReport()
            used = bare_options if _is_bare(task.value, bare_options.columns.get("text", "")) else options
            text = self.read_record(task, replace(used, report=report))
            key = _key(task.value, text)
            if key is not None and key in seen:
                options.report.add("second_annotation", task.place, f"task {key[0]}")
                continue
            if key is not None:
                seen.add(key)
            options.report.notes += report.notes
            if text is not None:
                yield text

    def read_record(self, record: Record, options: Options) -> Text | None:
        """Read a task.

        A region with several labels becomes several spans. Of several annotations the one marked as ground truth is
        used, or else the first that was not cancelled.

        Returns:
            The text; None for a task without annotations.

        Raises:
            UserError: The task is malformed.
        """
        value = as_object(record, "a task")
        names: list[str] = []
        if not _is_task(value):
            data, regions = value, _regions(value)
        else:
            annotation = _choose_annotation(value, record.place, options)
            if annotation is None:
                return None
            results = [one for one in annotation.get("result") or [] if isinstance(one, dict)]
            names = [str(result.get("to_name")) for result in results]
            data = value["data"]
            labelled = [result for result in results if str(result.get("type")).endswith("labels")]
            regions = [_region(result, record.place) for result in labelled]
        text = _text_of(data, regions, names, options, record.place)
        return Text(text, list(_spans(regions, record.place, options)), record.place)


def _is_task(value: Object) -> bool:
    return isinstance(value.get("data"), dict) and any(is_list(value.get(name)) for name in _ANNOTATIONS)


def _is_minimal(value: Object) -> bool:
    known = {"annotation_id", "annotator", "lead_time"} & set(value)
    return bool(known) or any(_is_regions(field) and any(map(_has_labels, field)) for field in value.values())


def _is_regions(field: Any) -> bool:
    """Whether a field is a list of regions; some may have no label."""
    return is_list(field) and bool(field) and all(_is_region(item) for item in field)


def _is_region(item: Any) -> bool:
    return isinstance(item, dict) and "start" in item and "end" in item and (_has_labels(item) or "label" not in item)


def _has_labels(item: Object) -> bool:
    return is_list(item.get("labels"))


def _with_text_field(tasks: Sequence[Record], options: Options) -> Options:
    """Options with the text field of items with regions, to read items without regions."""
    if "text" in options.columns:
        return options
    name = _common_field([task.value for task in tasks if isinstance(task.value, dict)])
    return replace(options, columns={**options.columns, "text": name}) if name else options


def _is_bare(value: Any, text_field: str) -> bool:
    """Whether a record is an item of JSON-MIN with a text but no regions."""
    if not isinstance(value, dict) or _is_task(value):
        return False
    return not _regions(value) and isinstance(value.get(text_field), str)


def _key(value: Any, text: Text | None) -> tuple[str, str] | None:
    """The id and text that annotations of one task share in JSON-MIN; None for other records."""
    if not isinstance(value, dict) or _is_task(value):
        return None
    task_id = str(value.get("id", ""))
    return (task_id, text.text if text else "") if task_id else None


def _common_field(values: Sequence[Object]) -> str | None:
    """The only field that has the text of all JSON-MIN items with regions; None if there are none or several."""
    candidates: list[set[str]] = []
    for value in values:
        regions = [] if _is_task(value) else _regions(value)
        if regions:
            candidates.append(set(_matching_fields(_texts(value), regions)))
    if not candidates:
        return None
    names = set.intersection(*candidates)
    if "text" in names:
        return "text"
    return names.pop() if len(names) == 1 else None


def _choose_annotation(task: Object, place: str, options: Options) -> Object | None:
    """The annotation marked as ground truth, or else the first that was not cancelled; None without any."""
    annotations = next(task[name] for name in _ANNOTATIONS if is_list(task.get(name)))
    valid = [one for one in annotations if isinstance(one, dict) and not any(one.get(key) for key in _CANCELLED)]
    if not valid:
        options.report.add("unannotated", place, f"task {task.get('id')}")
        return None
    if len(valid) > 1:
        options.report.add("second_annotation", place, f"task {task.get('id')}: {len(valid)} annotations")
    return next((one for one in valid if one.get("ground_truth")), valid[0])


def _regions(value: Object) -> list[Object]:
    regions: list[Object] = []
    for field in value.values():
        if _is_regions(field):
            regions += field
    return regions


def _region(result: Object, place: str) -> Object:
    value = result.get("value")
    kind = result.get("type")
    if kind != "labels" or not _is_region(value):
        raise UserError(
            f"{place}: expected regions of a <Text> with <Labels>, found one of type `{kind}` with {describe(value)}. "
            "Texts in HTML, dialogues and images have no character offsets and cannot be read."
        )
    assert isinstance(value, dict)
    return value


def _spans(regions: list[Object], place: str, options: Options) -> Iterator[Span]:
    for region in regions:
        start, end = whole_number(region["start"]), whole_number(region["end"])
        if start is None or end is None or "startOffset" in region:
            raise UserError(f"{place}: expected a region of a <Text> with start and end, found {describe(region)}.")
        text = region["text"] if isinstance(region.get("text"), str) else None
        labels = region["labels"] if _has_labels(region) else []
        if not labels:
            options.report.add("no_type", place, f"`{text}`, characters {start}-{end}")
        for label in labels:
            yield Span(start, end, check_type(label, place), text, trust="both")


def _texts(data: Object) -> dict[str, str]:
    return {name: field for name, field in data.items() if isinstance(field, str) and name not in _METADATA}


def _text_of(data: Object, regions: list[Object], names: list[str], options: Options, place: str) -> str:
    """The annotated text: the configured field, or else the one that `_annotated_field` finds."""
    own = options.columns.get("text")
    texts = _texts(data)
    if own is not None and own not in texts:
        raise UserError(f"{place}: expected a text in the field `{own}`, found {describe(data)}. Set `columns.text`.")
    field = own or _annotated_field(texts, regions, names)
    if field is None:
        raise UserError(
            f"{place}: expected one field that holds the annotated text, found {describe(data)}. Set `columns` to "
            "{text: NAME}."
        )
    return texts[field]


def _annotated_field(texts: dict[str, str], regions: list[Object], names: list[str]) -> str | None:
    """The field that the regions name or that is called ``text``, or else the only one with all their texts."""
    matching = _matching_fields(texts, regions)
    if not matching:  # the texts of the regions are wrong
        if "text" in texts:
            return "text"
        return next(iter(texts)) if len(texts) == 1 else None
    named = next((name for name in [*names, "text"] if name in matching), None)
    if named is None and len(matching) == 1:
        return matching[0]
    return named


def _matching_fields(texts: dict[str, str], regions: list[Object]) -> list[str]:
    """The fields that contain the texts of all regions."""
    return [name for name, text in texts.items() if _contains(text, regions)]


def _contains(text: str, regions: list[Object]) -> bool:
    normalized = normalize(text)
    return all(normalize(str(region["text"])) in normalized for region in regions if region.get("text"))
