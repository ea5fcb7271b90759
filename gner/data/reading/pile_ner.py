"""Reads UniversalNER's conversations (Pile-NER): a text, and for each type the strings of that type.

The strings have no positions. Every occurrence is an entity, as in GLiNER's conversion of the same data: the answer to
"What describes person in the text?" lists a person once, even if the text names them several times.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from gner.alignment.strings import find_string
from gner.data.annotations.spans import Options, Record, Span, Text
from gner.data.reading.json_fields import as_items, as_object, describe, is_list
from gner.data.reading.json_format import JsonFormat
from gner.errors import UserError
from gner.words import Word, find_splitter

_QUESTION = re.compile(r"What describes\s(.*?)\s?in the text\?", re.DOTALL)
_TEXT = "Text:"


class PileNer(JsonFormat):
    """UniversalNER's conversations."""

    name = "pile_ner"
    title = "Pile-NER conversations"

    def matches(self, value: Any, columns: dict[str, str]) -> bool:
        """Whether it is a conversation about a text."""
        turns = as_items(value.get("conversations")) if isinstance(value, dict) else None
        return is_list(turns) and any(
            isinstance(turn, dict) and str(turn.get("value")).startswith(_TEXT) for turn in turns or ()
        )

    def read_record(self, record: Record, options: Options) -> Text:
        """Read a conversation; its types are all that a question asks for, even if the answer is ``[]``.

        Raises:
            UserError: The conversation is malformed.
        """
        value = as_object(record, "an object with `conversations`")
        turns = _turns(as_items(value.get("conversations")), record.place)
        text = next((turn.removeprefix(_TEXT).strip() for turn in turns if turn.startswith(_TEXT)), None)
        if text is None:
            raise UserError(f"{record.place}: expected a turn that starts with `{_TEXT}`, found none.")
        words = (options.split_words or find_splitter("treebank"))(text)
        spans: list[Span] = []
        types: list[str] = []
        for entity_type, strings in _answers(turns, record.place):
            if not entity_type:
                for string in strings:
                    options.report.add("no_type", record.place, f"`{string}`")
                continue
            types.append(entity_type)
            found, missing = _place_strings(strings, entity_type, text, words)
            spans += found
            if missing and options.rename(entity_type) is not None:
                for string in missing:
                    options.report.add("unplaceable", record.place, f"`{string}` ({entity_type})")
        if not types:
            raise UserError(f"{record.place}: expected a question such as `What describes person in the text?`.")
        return Text(text, spans, record.place, types=tuple(dict.fromkeys(types)), words=words, cut="never")


def _place_strings(
    strings: list[str], entity_type: str, text: str, words: Sequence[Word]
) -> tuple[list[Span], list[str]]:
    """Spans of all occurrences of each string, and the strings that do not occur."""
    spans: list[Span] = []
    missing: list[str] = []
    for string in dict.fromkeys(strings):
        places = find_string(text, words, string)
        spans += [Span(start, end, entity_type) for start, end in places]
        if not places:
            missing.append(string)
    return spans, missing


def _turns(turns: Any, place: str) -> list[str]:
    """The texts of the turns, in order."""
    if not is_list(turns) or not all(isinstance(turn, dict) and isinstance(turn.get("value"), str) for turn in turns):
        raise UserError(
            f'{place}: expected a list of turns such as {{"from": "human", "value": "Text: ..."}} as `conversations`, '
            f"found {describe(turns)}."
        )
    return [turn["value"] for turn in turns]


def _answers(turns: list[str], place: str) -> Iterator[tuple[str, list[str]]]:
    """The type of each question, and the strings of its answer."""
    for position, turn in enumerate(turns):
        question = _QUESTION.fullmatch(turn.strip())
        if question is None:
            continue
        answer = turns[position + 1].strip() if position + 1 < len(turns) else ""
        yield " ".join(question.group(1).split()), _parse_answer(answer, f"{place}, turn {position + 2}")


def _parse_answer(answer: str, place: str) -> list[str]:
    """Parse a list of strings in JSON or Python syntax."""
    parsed: Any = None
    try:
        parsed = json.loads(answer)
    except json.JSONDecodeError:
        try:
            parsed = ast.literal_eval(answer)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            parsed = None
    if not is_list(parsed):
        raise UserError(f'{place}: expected a list of strings such as ["Ada", "Bob"], found {describe(answer)}.')
    return [str(item) for item in parsed]
