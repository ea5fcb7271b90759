"""Prompts and answers of GoLLIE: Python code, byte for byte as its code and black 23.9.1 write it."""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gner.prompting.class_names import BASE_CLASS
from gner.prompting.python_literals import escape, write_literal

_FIRST_LINE = "# The following lines describe the task definition\n"
_TEXT_COMMENT = "# This is the text to analyze\n"
_LAST_LINES = "# The annotation instances that take place in the text above are listed here\nresult ="
_LINE_LENGTH = 88  # black's
_INDENT = "    "
_QUOTES = '"', "'"

NO_ENTITIES = " []\n"
LIST_START = " [\n"
LIST_END = "]\n"


class ClassDefinition(NamedTuple):
    """A type as the prompt tells it.

    Attributes:
        name: Of the class.
        guideline: What the type means; None where that is not told.
        examples: Names of such entities; None leaves the comment out.

    Example:
        >>> print(ClassDefinition("City", "A town.", ("Rome", "Oslo")).write())
        @dataclass
        class City(Entity):
            \"""A town.\"""
        <BLANKLINE>
            span: str  # Such as: "Rome", "Oslo"
    """

    name: str
    guideline: str | None = None
    examples: tuple[str, ...] | None = None

    def write(self) -> str:
        """The lines of the class.

        Without any examples the comment is empty, as in the published prompts.
        """
        lines = ["@dataclass", f"class {self.name}({BASE_CLASS}):"]
        if self.guideline:
            lines += [f'{_INDENT}"""{_docstring(self.guideline)}"""', ""]
        span = f"{_INDENT}span: str"
        if self.examples is not None:
            span += "  #"
        if self.examples:
            shown = '", "'.join([" ".join(example.split()) for example in self.examples])
            span += f' Such as: "{shown}"'  # as published, quotes are not escaped: it is a comment
        return "\n".join([*lines, span])

    @property
    def is_explained(self) -> bool:
        """Whether more than its name says what the type means."""
        return bool(self.guideline or self.examples)


def _docstring(text: str) -> str:
    """A text within triple quotes, laid out as black does."""
    lines = inspect.cleandoc(text.replace("\\", "\\\\").replace('"""', r"\"\"\"")).split("\n")
    indented = [lines[0], *(f"{_INDENT}{line}" if line else "" for line in lines[1:])]
    written = "\n".join(indented)
    start = " " if written.startswith('"') else ""
    end = " " if written.endswith('"') else ""
    return start + written + end


def write_prompt(definitions: Iterable[ClassDefinition], text: str) -> str:
    """The whole prompt.

    Example:
        >>> print(write_prompt([ClassDefinition("City")], "Oslo calling"))
        # The following lines describe the task definition
        @dataclass
        class City(Entity):
            span: str
        <BLANKLINE>
        <BLANKLINE>
        # This is the text to analyze
        text = "Oslo calling"
        <BLANKLINE>
        # The annotation instances that take place in the text above are listed here
        result =
    """
    parts = [*(definition.write() for definition in definitions), _TEXT_COMMENT + _assign_text(write_literal(text))]
    return _FIRST_LINE + "\n\n\n".join(parts) + _LAST_LINES


def _assign_text(literal: str) -> str:
    """The line of the text, in brackets if it then fits and does not otherwise, as black has it."""
    line = f"text = {literal}"
    if len(line) > _LINE_LENGTH >= len(_INDENT + literal):
        line = f"text = (\n{_INDENT}{literal}\n)"
    return f"{line}\n\n"


class Frame(NamedTuple):
    """What is written around the string of an entity, with its quotes.

    Attributes:
        before: Up to the opening quote.
        after: From the closing quote.
        quote: One of the two.
    """

    before: str
    after: str
    quote: str

    def escape(self, string: str) -> str:
        """The string as it is written in between."""
        return escape(string, self.quote)


def short_frame(name: str, quote: str) -> Frame:
    """For a call of a class in one line.

    Example:
        >>> short_frame("City", "'")
        Frame(before="    City(span='", after="'),\\n", quote="'")
    """
    return Frame(f"{_INDENT}{name}(span={quote}", f"{quote}),\n", quote)


def long_frame(name: str, quote: str) -> Frame:
    """For a call in three lines."""
    return Frame(f"{_INDENT}{name}(\n{_INDENT * 2}span={quote}", f"{quote}\n{_INDENT}),\n", quote)


def frames(name: str, text: str) -> list[Frame]:
    """The ways to write a string of a text: those that black could choose for one.

    Example:
        >>> len(frames("City", "Oslo calling")), len(frames("City", 'The "Oslo calling"'))
        (1, 2)
        >>> len(frames("City", "Oslo calling " * 9))
        2
    """
    possible: list[Frame] = []
    for quote in _QUOTES[: 1 + ('"' in text)]:
        frame = short_frame(name, quote)
        possible.append(frame)
        if not _fits(frame, frame.escape(text)):
            possible.append(long_frame(name, quote))
    return possible


def write_entity(name: str, string: str) -> str:
    """The line of an entity, or three if it is too long.

    Example:
        >>> print(write_entity("City", "Oslo"), end="")
            City(span="Oslo"),
    """
    quote = write_literal(string)[0]
    frame = short_frame(name, quote)
    written = escape(string, quote)
    if not _fits(frame, written):
        frame = long_frame(name, quote)
    return frame.before + written + frame.after


def _fits(frame: Frame, written: str) -> bool:
    return len(frame.before + written + frame.after) - 1 <= _LINE_LENGTH  # the line break is not counted


def write_answer(entities: Sequence[tuple[str, str]]) -> str:
    """The answer that lists pairs of a class and a string.

    Example:
        >>> write_answer([("City", "Oslo")]), write_answer([])
        (' [\\n    City(span="Oslo"),\\n]\\n', ' []\\n')
    """
    if not entities:
        return NO_ENTITIES
    return LIST_START + "".join([write_entity(name, string) for name, string in entities]) + LIST_END


def mask_names(
    definitions: Sequence[ClassDefinition], probability: float, rng: random.Random
) -> tuple[list[ClassDefinition], dict[str, str]]:
    """Give classes names that say nothing, also where guidelines and examples hold the name, within words too.

    A class that only its name explains keeps it.

    Returns:
        The classes, and of each that has another name now the old and the new one.

    Example:
        >>> classes = [ClassDefinition("City", "Cities are towns."), ClassDefinition("Person")]
        >>> mask_names([classes[0]._replace(guideline="City, not Citys")], 1, random.Random(0))[0][0].guideline
        'LABEL_1, not LABEL_1s'
        >>> mask_names(classes, 1, random.Random(0))[1]
        {'City': 'LABEL_1'}
    """
    names = [definition.name for definition in definitions if definition.is_explained]
    rng.shuffle(names)
    masked = [name for name in names if rng.random() < probability]
    masks = {name: f"LABEL_{number}" for number, name in enumerate(masked, start=1)}
    if not masks:
        return list(definitions), masks
    longest_first = sorted(masks, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))

    def mask(text: str) -> str:
        """Replace names, within words too."""
        return pattern.sub(lambda found: masks[found.group()], text)

    changed = []
    for name, guideline, examples in definitions:
        told = None if examples is None else tuple(map(mask, examples))
        changed.append(ClassDefinition(masks.get(name, name), guideline and mask(guideline), told))
    return changed, masks
