"""Reads Rasa's training data in YAML: examples of intents with entities as ``[Oslo](city)``.

The format is described at rasa.com/docs/rasa/training-data-format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from gner.data.annotations.spans import Options, Span, Text
from gner.data.reading.file_format import FileFormat, Sample
from gner.data.reading.json_fields import check_type
from gner.data.reading.own_files import own_parts
from gner.data.reading.splits import find_parts
from gner.data.reading.text_files import read_text
from gner.errors import UserError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SUFFIXES = (".yml", ".yaml")
_NLU = re.compile(r"^nlu:", re.MULTILINE)
_ENTITY = re.compile(
    r"\[(?P<text>[^\]]+?)\](?:\((?P<type>[^:)]+?)(?::[^)]*)?\)|(?P<object>\{[^}]+?\})|\[(?P<objects>\{.*?\})\])"
)
_EXAMPLE = re.compile(r"\s*-(?:\s+(?P<text>.*))?")


class Rasa(FileFormat):
    """Rasa's ``nlu`` in YAML; synonyms, lookup tables and regular expressions are no texts, so they are not read.

    An entity's type is ``entity``; its role, group and value are not read.
    """

    name = "rasa"
    title = "Rasa NLU"

    def recognizes(self, sample: Sample) -> float:
        """Whether it is YAML with examples below ``nlu``."""
        return float(sample.path.suffix.lower() in _SUFFIXES and _NLU.search(sample.text) is not None)

    def recognizes_folder(self, folder: Path) -> bool:
        """Whether it has such files and no other data."""
        return bool(self.find_parts(folder)) and not find_parts(folder, by_file=False)

    def find_parts(self, folder: Path) -> dict[str, list[Path]]:
        """The files with examples by the split in the name of their folder or their own; the others are not data."""
        return own_parts(self, folder, _SUFFIXES)

    def read(self, path: Path, options: Options) -> Iterator[Text]:
        """Read a file; see the base class."""
        for number, line in _examples(path):
            place = f"{path}:{number}"
            plain, spans = read_example(line, place)
            yield Text(plain, spans, place)


def read_example(line: str, place: str) -> tuple[str, list[Span]]:
    """The text of an example, and its entities.

    Raises:
        UserError: An entity is malformed.

    Example:
        >>> text, spans = read_example('from [Oslo]{"entity": "city", "role": "from"} to [Rome](city)', "a.yml:1")
        >>> text, [tuple(span)[:4] for span in spans]
        ('from Oslo to Rome', [(5, 9, 'city', 'Oslo'), (13, 17, 'city', 'Rome')])
    """
    plain = ""
    spans: list[Span] = []
    done = 0
    for match in _ENTITY.finditer(line):
        plain += line[done : match.start()]
        start, text = len(plain), match["text"]
        plain += text
        done = match.end()
        for entity_type in _types(match, place):
            spans.append(Span(start, len(plain), check_type(entity_type, place), text))
    return plain + line[done:], spans


def _types(match: re.Match[str], place: str) -> list[Any]:
    if match["type"] is not None:
        return [match["type"]]
    try:
        found = json.loads(f"[{match['object'] or match['objects']}]")
    except json.JSONDecodeError as error:
        raise UserError(
            f'{place}: expected an entity such as [Oslo]{{"entity": "city"}}, found {match[0]!r}: {error.msg}.'
        ) from error
    return [one.get("entity") if isinstance(one, dict) else None for one in found]


def _examples(path: Path) -> Iterator[tuple[int, str]]:
    """The examples of a file, each with its line."""
    try:
        root = yaml.compose(read_text(path), Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{path}:{line}: expected YAML, but {error.problem}.") from error
    items = _field(root, "nlu")
    if not isinstance(items, yaml.SequenceNode):
        raise UserError(f"{path}:1: expected a list of intents below `nlu`, found none.")
    for item in items.value:
        if _field(item, "intent") is not None:
            yield from _examples_of(path, item)


def _examples_of(path: Path, intent: yaml.Node) -> Iterator[tuple[int, str]]:
    examples = _field(intent, "examples")
    if isinstance(examples, yaml.ScalarNode):
        yield from _listed(path, examples)
    elif isinstance(examples, yaml.SequenceNode):
        for item in examples.value:
            text = _field(item, "text") if isinstance(item, yaml.MappingNode) else item
            if not isinstance(text, yaml.ScalarNode):
                raise UserError(f"{path}:{item.start_mark.line + 1}: expected an example or its `text`, found neither.")
            yield _first_line(text), text.value.strip().removeprefix("- ")
    else:
        raise UserError(f"{path}:{intent.start_mark.line + 1}: expected `examples: |` and a list, found none.")


def _listed(path: Path, examples: yaml.ScalarNode) -> Iterator[tuple[int, str]]:
    """The examples of a block of text, each in a line that starts with ``-``."""
    for number, line in enumerate(examples.value.split("\n"), start=_first_line(examples)):
        match = _EXAMPLE.fullmatch(line)
        if match is not None:
            yield number, match["text"] or ""
        elif line.strip():
            raise UserError(f"{path}:{number}: expected an example that starts with `- `, found {line[:60]!r}.")


def _first_line(text: yaml.ScalarNode) -> int:
    """The line at which the content of a scalar starts; that of a block follows its ``|``."""
    return int(text.start_mark.line) + (2 if text.style in ("|", ">") else 1)


def _field(node: yaml.Node | None, name: str) -> yaml.Node | None:
    pairs: Sequence[tuple[yaml.Node, yaml.Node]] = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)
