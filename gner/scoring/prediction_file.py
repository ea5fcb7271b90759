"""Prediction files in the layout of the released GNER scorer, one JSON object a line: written and read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from gner.bio import split_tag, to_tags
from gner.errors import UserError
from gner.files import replacing
from gner.prompting.base import Format
from gner.prompting.serialize import to_short_config
from gner.records import Entity, Example, Prediction

_SCORE_DIGITS = 5
"""Of scores in files; what follows depends on how a batch was padded."""


class Decoded(NamedTuple):
    """One decoded example; ``position`` is its place in the split."""

    position: int
    example: Example
    prediction: Prediction


def write_jsonl(path: Path, split: str, decoded: Iterable[Decoded], format: Format) -> None:
    """Write one JSON object a line, replacing the file at once.

    Each has ``dataset``, ``split``, ``label_list``, ``instance`` (``id``, ``words``, and gold tags as ``labels``), the
    text as ``prediction`` (a list of texts for a format with several queries, null of a tagger), whether all came to an
    end as ``finished``, the tags that were scored as ``tags``, the entities that these spell, in words and with scores,
    as ``entities``, and the name and the options of the ``format``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from gner.prompting import GnerFormat
        >>> from gner.records import AlignmentReport
        >>> example = Example(("Ada",), ("O",), ("person",), "toy", "0")
        >>> prediction = Prediction(("B-person",), (Entity(0, 1, "person", 0.123456),), AlignmentReport())
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "val_best.jsonl")
        ...     write_jsonl(path, "val", [Decoded(0, example, prediction)], GnerFormat(context_window=1))
        ...     row = json.loads(path.read_text(encoding="utf-8"))
        >>> row["tags"], row["entities"]
        (['B-person'], [{'start': 0, 'end': 1, 'type': 'person', 'score': 0.12346}])
        >>> row["format"]  # options that have their defaults are left out
        {'class_path': 'GnerFormat', 'init_args': {'context_window': 1}}
    """
    config = to_short_config(format)
    with replacing(path) as file:
        for row in decoded:
            file.write(json.dumps(_as_dict(row, split) | {"format": config}, ensure_ascii=False) + "\n")


def _as_dict(row: Decoded, split: str) -> dict[str, Any]:
    example, prediction = row.example, row.prediction
    texts = [generation.text for generation in prediction.generations]
    instance = {"id": example.id, "words": example.words, "labels": example.tags}
    asked = {"dataset": example.dataset, "split": split, "label_list": example.types, "instance": instance}
    written = {"prediction": texts[0] if len(texts) == 1 else texts or None, "finished": prediction.finished}
    entities = [_entity_as_dict(entity) for entity in prediction.entities]
    return {**asked, **written, "tags": prediction.tags, "entities": entities}


def _entity_as_dict(entity: Entity) -> dict[str, Any]:
    score = None if entity.score is None else round(entity.score, _SCORE_DIGITS)
    return asdict(entity) | {"score": score}


class Row(NamedTuple):
    """One line of a prediction file.

    Attributes:
        example: Source words and gold tags; the types are those of ``label_list``.
        texts: What the model wrote, one text for each query.
        finished: False if a text was truncated.
        raw: The whole object.
        format: Name and options of the format, as `gner.prompting.serialize` has them; None where the row has none.
        entities: What was found, of a system that wrote no text; None of others.

    Example:
        >>> raw = {"dataset": "toy", "label_list": ["person"], "instance": {"words": ["Ada"], "labels": ["B-person"]}}
        >>> [row] = read_rows([json.dumps(raw | {"prediction": ["Ada", "none"]}).encode()], "theirs.jsonl")
        >>> row.texts, row.format, row.example.tags  # of a format with two queries
        (['Ada', 'none'], None, ('B-person',))
    """

    example: Example
    texts: list[str]
    finished: bool
    raw: dict[str, Any]
    format: dict[str, Any] | None = None
    entities: tuple[Entity, ...] | None = None


def read_rows(lines: Iterable[bytes], name: str) -> Iterator[Row]:
    """Read the lines of a file; empty ones are skipped.

    ``prediction`` is a text or, for a format with several queries, the list of their texts; for one with a question for
    each type also an object with a text for each type. Where it is missing or null, ``entities`` are what was found: a
    list of objects with ``start`` and ``end``, in words, and ``type``. ``format``, if there, is a name, or an object
    with ``class_path`` and ``init_args``.

    Args:
        lines: UTF-8 text.
        name: Name of the file, for messages.

    Raises:
        UserError: A line is not such an object; the message says which and why.

    Example:
        >>> line = '{"dataset": "toy", "label_list": ["person"], "instance": {"words": ["Ada"], "labels": ["O"]}}'
        >>> list(read_rows([line.encode()], "theirs.jsonl"))
        Traceback (most recent call last):
            ...
        gner.errors.UserError: theirs.jsonl:1: expected the key `prediction`, found dataset, label_list, instance.
        >>> found = '{"entities": [{"start": 0, "end": 1, "type": "person"}], "d'
        >>> [row] = read_rows([line.replace('{"d', found).encode()], "tagger.jsonl")
        >>> row.texts, row.entities
        ([], (Entity(start=0, end=1, type='person', score=None),))
        >>> [row] = read_rows([line.replace('{"d', '{"prediction": "Ada(O)", "d').encode()], "theirs.jsonl")
        >>> row.texts, row.example.source, row.finished
        (['Ada(O)'], 'theirs.jsonl:1', True)
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _read(line.removeprefix(b"\xef\xbb\xbf"), f"{name}:{number}")


def _read(line: bytes, place: str) -> Row:
    try:
        raw = json.loads(line)
    except RecursionError as error:
        raise UserError(f"{place}: expected one JSON object a line, found one that is nested too deep.") from error
    except ValueError as error:  # also for bytes that are not UTF-8
        raise UserError(f"{place}: expected one JSON object a line: {error}") from error
    if not isinstance(raw, dict):
        raise UserError(f"{place}: expected a JSON object, found {type(raw).__name__}.")
    finished = bool(raw.get("finished", True))
    example, format = _example(raw, place), _format(raw, place)
    if raw.get("prediction") is None and "entities" in raw:
        return Row(example, [], finished, raw, format, _entities(raw, example, place))
    return Row(example, _texts(raw, place), finished, raw, format)


def _example(raw: dict[str, Any], place: str) -> Example:
    instance = _get(raw, "instance", dict, place)
    words = _strings(instance, "words", place, "instance.")
    tags = _strings(instance, "labels", place, "instance.")
    if len(words) != len(tags):
        raise UserError(f"{place}: expected one tag per word, found {len(words)} words and {len(tags)} `labels`.")
    for tag in tags:
        if not _is_tag(tag):
            raise UserError(f"{place}: expected gold tags `O`, `B-<type>` or `I-<type>`, found `{tag}`.")
    types = _strings(raw, "label_list", place)
    if not all(entity_type.strip() for entity_type in types):
        raise UserError(f"{place}: expected names of entity types in `label_list`, found an empty one.")
    dataset = _get(raw, "dataset", str, place)
    id = "" if instance.get("id") is None else str(instance["id"])
    return Example(words, tags, types, dataset, id, source=place)


def _entities(raw: dict[str, Any], example: Example, place: str) -> tuple[Entity, ...]:
    found = []
    for value in _get(raw, "entities", list, place):
        if not isinstance(value, dict):
            raise UserError(f"{place}: expected `entities` to hold objects, found {type(value).__name__}.")
        start, end = (_get(value, key, int, place, "entities.") for key in ("start", "end"))
        entity_type = _get(value, "type", str, place, "entities.")
        if not entity_type.strip() or isinstance(start, bool) or isinstance(end, bool):
            raise UserError(f"{place}: expected numbers as `entities.start` and `.end` and a name as `entities.type`.")
        found.append(Entity(start, end, entity_type))
    try:
        to_tags(found, len(example.words))
    except ValueError as error:
        raise UserError(f"{place}: `entities`: {error}") from error
    return tuple(sorted(found, key=lambda entity: entity.start))


def scored_entities(row: Row) -> tuple[Entity, ...]:
    """What a row says was found, as it was scored when the file was written.

    Raises:
        UserError: It says nothing but the text, or it is malformed.
    """
    entities = stored_entities(row)
    if entities is None:
        raise UserError(
            f"{row.example.source}: expected `entities`, as `gner.validate` and `gner.test` write them. "
            "`python -m gner.score --compare` reads the texts of files without."
        )
    return entities


def stored_entities(row: Row) -> tuple[Entity, ...] | None:
    """What a row says was found, with scores; None if it says nothing but the text.

    Raises:
        UserError: It is malformed.

    Example:
        >>> found = [{"start": 0, "end": 1, "type": "person", "score": 0.9}]
        >>> row = Row(Example(("Ada",), ("O",), ("person",), "toy", "0"), ["Ada(B-person)"], True, {"entities": found})
        >>> stored_entities(row)
        (Entity(start=0, end=1, type='person', score=0.9),)
    """
    if row.raw.get("entities") is None:
        return None
    found = _entities(row.raw, row.example, row.example.source)
    scores = {value["start"]: value.get("score") for value in row.raw["entities"]}
    return tuple(replace(entity, score=as_score(scores[entity.start])) for entity in found)


def as_score(value: Any) -> float | None:
    """A stored score; None for anything but a number.

    Example:
        >>> as_score(1), as_score(None), as_score(True)
        (1.0, None, None)
    """
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _texts(raw: dict[str, Any], place: str) -> list[str]:
    texts = raw.get("prediction")
    if isinstance(texts, list):
        return list(_strings(raw, "prediction", place))
    if isinstance(texts, dict):
        return [_get(texts, entity_type, str, place, "prediction.") for entity_type in raw["label_list"]]
    return [_get(raw, "prediction", str, place)]


def _format(raw: dict[str, Any], place: str) -> dict[str, Any] | None:
    if raw.get("format") is None:
        return None
    if isinstance(raw["format"], str):
        return {"class_path": raw["format"]}
    config: dict[str, Any] = _get(raw, "format", dict, place)
    _get(config, "class_path", str, place, "format.")
    return config


def _get(owner: dict[str, Any], key: str, kind: type, place: str, path: str = "") -> Any:
    if key not in owner:
        raise UserError(f"{place}: expected the key `{path}{key}`, found {', '.join(map(str, owner)) or 'none'}.")
    if not isinstance(owner[key], kind):
        raise UserError(f"{place}: expected `{path}{key}` to be a {kind.__name__}, found {type(owner[key]).__name__}.")
    return owner[key]


def _strings(owner: dict[str, Any], key: str, place: str, path: str = "") -> tuple[str, ...]:
    values = _get(owner, key, list, place, path)
    if not all(isinstance(value, str) for value in values):
        raise UserError(f"{place}: expected `{path}{key}` to hold strings only.")
    return tuple(values)


def _is_tag(tag: str) -> bool:
    try:
        return split_tag(tag)[0] in "BIO"
    except ValueError:
        return False
