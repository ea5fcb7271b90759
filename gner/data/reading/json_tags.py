"""Reads JSON objects, or rows of a table, with words and a tag for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gner.alignment.strings import covered_words, join_words
from gner.bio import OUTSIDE
from gner.data.annotations.spans import Options, Record, Tagged
from gner.data.annotations.tag_syntax import TAG
from gner.data.reading.json_fields import Object, as_object, describe, find_field, is_list, strings, whole_number
from gner.data.reading.json_format import JsonFormat
from gner.data.reading.label_files import types_of_tags
from gner.data.reading.span_fields import score_of
from gner.data.reading.tables import Table, class_names
from gner.errors import UserError

_WORDS = ("words", "tokens", "token", "sentence_words")
_TAGS = ("ner_tags", "ner", "bio_tags", "ner_labels", "entities_tags", "tags", "labels", "label")
_MISSING = (None, -1, -100, "-")
"""What marks the tag of a word that nobody annotated: in hidden test splits, in PyTorch, in spaCy."""
_TYPES = ("types", "label_list", "entity_types")
_SPACES = " \t\r\n"
"""As in CoNLL, other whitespace may be a word."""


class TaggedWords(JsonFormat):
    """Words and tags, possibly inside ``instance`` as in the GNER project's files.

    ``types`` or ``label_list`` beside them are the types that a sentence offers.
    """

    name = "words"
    title = "words with tags"

    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether it is an object with a list of words and one of tags."""
        if not isinstance(value, dict):
            return False
        inner = _inner(value)
        words = find_field(inner, _WORDS, columns.get("words"))
        tags = _tags_field(inner, columns)
        if words is None and tags is not None and _are_null(inner, tags, columns):
            return True
        if words is None or tags is None or not is_list(inner[words]) or not is_list(inner[tags]):
            return False
        return all(not is_list(tag) and not isinstance(tag, dict) for tag in inner[tags])

    def read_record(self, record: Record, options: Options) -> Tagged | None:
        """Read an object.

        Returns:
            The sentence; None for one without words, or with words that nobody annotated.

        Raises:
            UserError: The object is malformed.
        """
        value = as_object(record, "an object with words and tags")
        inner = _inner(value)
        words_field = find_field(inner, _WORDS, options.columns.get("words"))
        tags_field = _tags_field(inner, options.columns)
        if words_field is None and tags_field is not None and _are_null(inner, tags_field, options.columns):
            options.report.add("no_words", record.place, "null")
            return None
        if words_field is None or tags_field is None:
            raise UserError(
                f"{record.place}: expected words (one of {', '.join(_WORDS)}) and tags (one of {', '.join(_TAGS)}), "
                f"found {describe(value)}. Set `columns`, for example to {{words: tokens, tags: ner_tags}}."
            )
        words = strings(inner[words_field], record.place, words_field)
        tags = _tags(inner[tags_field], record.place, tags_field, options)
        kept = _kept(words, tags, record.place, options)
        if not kept:
            return None
        types_field = find_field(value, _TYPES, options.columns.get("types"))
        types = strings(value[types_field], record.place, types_field) if types_field else None
        kept_words, kept_tags = zip(*kept, strict=True)
        scores = _scores(inner, words, tags_field)
        return Tagged(kept_words, kept_tags, record.place, types=types, scores=scores)

    def options_for(self, table: Table, options: Options) -> Options:
        """The options with the table's tag column, and the names of its tags."""
        own = options.columns.get("tags")
        column = _tag_column(table, own)
        names = options.tag_names or _tag_names(table, own)
        return replace(
            options, tag_names=names, columns={**options.columns, "tags": column} if column else options.columns
        )

    def types_of_table(self, table: Table, columns: Mapping[str, str]) -> tuple[str, ...]:
        """The types of the names of its tags; see the base class."""
        return types_of_tags(_tag_names(table, columns.get("tags")))


def are_tags(names: Iterable[object]) -> bool:
    """Whether names look like entity tags, not part-of-speech tags.

    Example:
        >>> are_tags(["O", "person"]), are_tags(["B-person"]), are_tags(["NOUN", "VERB"])
        (True, True, False)
    """
    return any(isinstance(name, str) and TAG.fullmatch(name) for name in names)


def _tags_field(inner: Object, columns: dict[str, str]) -> str | None:
    """The first field with entity tags, or else the first that is there."""
    names = [name for name in _TAGS if is_list(inner.get(name)) and are_tags(inner[name])]
    return find_field(inner, names or _TAGS, columns.get("tags"))


def _kept(words: Sequence[str], tags: Sequence[str | None], place: str, options: Options) -> list[tuple[str, str]]:
    """The words that are kept, with their tags; none, which is reported, if nobody annotated some of them."""
    if len(words) != len(tags):
        raise UserError(f"{place}: expected a tag for each word, found {len(words)} words and {len(tags)} tags.")
    if None in tags:
        options.report.add("unannotated", place, f"{tags.count(None)} of {len(tags)} words")
        return []
    kept = _without_blanks(words, [tag for tag in tags if tag is not None], place, options)
    if not kept:
        options.report.add("no_words", place, "an empty list of words")
    return kept


def _are_null(inner: Object, tags_field: str, columns: dict[str, str]) -> bool:
    """Whether it is a row of a table without words, which `gner.predict` gives no tags."""
    names = [columns["words"]] if "words" in columns else _WORDS
    return inner[tags_field] == [] and any(name in inner for name in names)


def _scores(inner: Object, words: Sequence[str], tags_field: str) -> tuple[float | None, ...]:
    """The scores of the entities that `gner.predict` writes beside the tags of words, for each word that is kept.

    Their offsets are in the text of the words with single spaces.
    """
    items = inner.get(tags_field.removesuffix("_tags")) if tags_field.endswith("_tags") else None
    scored = [item for item in items if score_of(item) is not None] if is_list(items) else []
    if not scored:
        return ()
    _, placed = join_words(words)
    scores: list[float | None] = [None] * len(words)
    for item in scored:
        start, end = whole_number(item.get("start")), whole_number(item.get("end"))
        if start is not None and end is not None:
            first, last = covered_words(placed, start, end)
            scores[first:last] = [score_of(item)] * (last - first)
    return tuple(score for score, word in zip(scores, words, strict=True) if word.strip(_SPACES))


def _without_blanks(words: Sequence[str], tags: Sequence[str], place: str, options: Options) -> list[tuple[str, str]]:
    """Words with their tags, without blank ones outside entities, which are reported."""
    if all(map(str.strip, words)):  # most sentences
        return list(zip(words, tags, strict=True))
    kept: list[tuple[str, str]] = []
    for position, (word, tag) in enumerate(zip(words, tags, strict=True), start=1):
        if word.strip(_SPACES):
            kept.append((word, tag))
        elif tag == OUTSIDE:
            options.report.add("blank", f"{place}, word {position}", repr(word))
        else:
            raise UserError(
                f"{place}, word {position}: expected a word, found {word!r} with the tag `{tag}`. Leave out the word "
                "and its tag."
            )
    return kept


def _tag_column(table: Table, own: str | None) -> str | None:
    """The column whose class names are entity tags, or else the first with class names; ``own`` if it is given."""
    if own is not None:
        return own
    names = {column: class_names(table.features[column]) for column in _TAGS if column in table.column_names}
    named = [column for column in names if names[column]]
    return next((column for column in named if are_tags(names[column])), next(iter(named), None))


def _tag_names(table: Table, own: str | None) -> tuple[str, ...]:
    """The class names of the tag column; empty without any."""
    column = _tag_column(table, own)
    return tuple(class_names(table.features[column])) if column in table.column_names else ()


def _inner(value: Object) -> Object:
    instance = value.get("instance")
    return instance if isinstance(instance, dict) else value


def _tags(values: Any, place: str, field: str, options: Options) -> list[str | None]:
    """The tags; None for words that nobody annotated."""
    if not is_list(values):
        raise UserError(f"{place}: expected a list of tags as `{field}`, found {describe(values)}.")
    if set(map(type, values)) == {str} and "-" not in values:
        return list(values)
    tags: list[str | None] = []
    for position, tag in enumerate(values, start=1):
        if tag in _MISSING:
            tags.append(None)
        elif isinstance(tag, int) and not isinstance(tag, bool):
            tags.append(_name_of(tag, f"{place}, word {position}", options.tag_names))
        elif isinstance(tag, str):
            tags.append(tag)
        else:
            raise UserError(f"{place}, word {position}: expected a tag such as `O` or `B-person`, found {tag!r}.")
    return tags


def _name_of(number: int, place: str, names: tuple[str, ...]) -> str:
    if not names:
        raise UserError(
            f"{place}: expected a tag such as `O` or `B-person`, found the number {number} without a name. Set "
            "`tag_names` to the list of tags, in the order of their numbers."
        )
    if not 0 <= number < len(names):
        raise UserError(f"{place}: expected a tag number from 0 to {len(names) - 1}, found {number}.")
    return names[number]
