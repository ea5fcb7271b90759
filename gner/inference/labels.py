"""Maps the entity types that a user names to names that a prompt can hold, and reads them from files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import regex

from gner.errors import UserError
from gner.prompting import DefaultFormat, Format

_UNWRITABLE = regex.compile(r"[\s\p{Z}\p{C}]+")


@dataclass(frozen=True)
class Labels:
    """Entity types under the user's names and under those in the prompt.

    The two differ only where a name could not be written and parsed again: a run of whitespace and control characters
    becomes one space, and all round brackets are removed if they are unbalanced. Commas are kept. Of names that become
    equal, the first is kept.

    Attributes:
        types: Names in the prompt, in the user's order.
        names: The user's name of each.
        descriptions: Pairs of a type and its description.

    Example:
        >>> labels = Labels.of({"line\\nbreak": "a \\t gap", "city)": None, "city": "a town"})
        >>> labels.types, labels.names["line break"], labels.descriptions
        (('line break', 'city'), 'line\\nbreak', (('line break', 'a gap'),))
    """

    types: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    descriptions: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def of(labels: Iterable[str] | Mapping[str, str | None], format: Format | None = None) -> Labels:
        """Make labels from types, or from a mapping of types to descriptions, each of which may be None or empty.

        Args:
            labels: Types, with or without descriptions.
            format: How types are written; None for the default format.

        Raises:
            UserError: It is a single string, or a type is not a string or has no character that can be written.

        Example:
            >>> Labels.of(["person", "city (old", "person"]).types
            ('person', 'city old')
        """
        if isinstance(labels, str):
            raise UserError(f"Expected a list of types, got the text {labels!r}. Give [{labels!r}].")
        if not isinstance(labels, Iterable):
            raise UserError(f"Expected a list of types, got {labels!r}.")
        described = labels if isinstance(labels, Mapping) else dict.fromkeys(labels)
        names: dict[str, str] = {}
        descriptions: list[tuple[str, str]] = []
        for name, description in described.items():
            written = _writable(name, format or DefaultFormat())
            if written in names:
                continue
            names[written] = name
            if description:
                descriptions.append((written, _UNWRITABLE.sub(" ", str(description)).strip()))
        return Labels(tuple(names), names, tuple(descriptions))

    def only(self, types: Iterable[str]) -> Labels:
        """The labels of some types.

        Example:
            >>> Labels.of({"city": "a town", "person": "a human"}).only(["person"]).descriptions
            (('person', 'a human'),)
        """
        kept = tuple(types)
        return Labels(kept, self.names, tuple(pair for pair in self.descriptions if pair[0] in kept))


def _writable(name: object, format: Format) -> str:
    if not isinstance(name, str):
        raise UserError(f"Expected types as strings, got {name!r}.")
    written = format.writable(_UNWRITABLE.sub(" ", name).strip())
    if not written:
        raise UserError(f"Expected a type with at least one visible character, got {name!r}. Leave it out.")
    return written


def read_labels(labels: str | None, file: Path | None) -> dict[str, str | None] | None:
    """Read the types that are given on a command line.

    Args:
        labels: Comma-separated types, or None.
        file: One type a line, a JSON list, or a JSON object of types and descriptions; or None.

    Returns:
        Types and their descriptions, or None if none were given.

    Raises:
        UserError: Both are given, or the file cannot be parsed.

    Example:
        >>> read_labels("person, city,, person", None), read_labels(None, None)
        ({'person': None, 'city': None}, None)
    """
    if labels is not None and file is not None:
        raise UserError("Expected --labels or --labels-file, got both.")
    if file is None:
        return None if labels is None else dict.fromkeys(part.strip() for part in labels.split(",") if part.strip())
    try:
        text = file.read_text(encoding="utf-8-sig")
        if not text.lstrip().startswith(("{", "[")):
            return dict.fromkeys(line.strip() for line in text.splitlines() if line.strip())
        values = json.loads(text)
        return values if isinstance(values, dict) else dict.fromkeys(values)
    except (ValueError, TypeError) as error:  # a list of lists has no types
        raise UserError(f"{file}: expected types, one a line, or JSON, in UTF-8: {error}.") from error
