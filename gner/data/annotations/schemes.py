"""Tags of any scheme to IOB2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from gner.bio import OUTSIDE, SCHEMES, Scheme, find_fault
from gner.data.annotations.spans import Tagged
from gner.errors import UserError

DOCUMENT_START = "-DOCSTART-"
_OTHER_LETTERS = {"L": "E", "U": "S", "M": "I", "W": "S"}
"""Prefixes of BILOU and BMEWO, and what BIOES has for them."""


def from_rows(path: Path, rows: Sequence[tuple[int, str, str]]) -> Tagged:
    """A sentence from the line number, word and tag of each of its W lines."""
    lines, words, tags = zip(*rows, strict=True)
    return Tagged(words, tags, str(path), lines)


def with_known_letters(sentences: Sequence[Tagged]) -> tuple[list[Tagged], str | None]:
    """Write BILOU, BMES and BMEWO as BIOES, and tags without prefixes as IOB1; other tags stay as they are.

    Without prefixes, neighbours of one type cannot be told apart, and become one entity.

    Returns:
        The sentences, and what the tags are if that is said by no other scheme.

    Example:
        >>> with_known_letters([Tagged(("New", "York"), ("B-city", "L-city"), "a:1")])[0][0].tags
        ('B-city', 'E-city')
        >>> with_known_letters([Tagged(("in", "York"), ("O", "city"), "a:1")])[0][0].tags
        ('O', 'I-city')
    """
    tags = {tag for tagged in sentences for tag in tagged.tags}
    prefixes = {tag[0] for tag in tags if tag[1:2] == "-"}
    if prefixes & set(_OTHER_LETTERS) and prefixes <= {*"BIES", *_OTHER_LETTERS}:
        changed = {tag: _OTHER_LETTERS.get(tag[0], tag[0]) + tag[1:] for tag in tags if tag[1:2] == "-"}
        name = None
    elif OUTSIDE in tags and len(tags) > 1 and not prefixes:
        changed = {tag: f"I-{tag}" for tag in tags if tag != OUTSIDE}
        name = "tags without prefixes, neighbours of one type joined"
    else:
        return list(sentences), None
    return [replace(one, tags=tuple(changed.get(tag, tag) for tag in one.tags)) for one in sentences], name


def find_scheme(path: str | Path, sentences: Sequence[Tagged], scheme: Scheme | Literal["auto"]) -> Scheme:
    """The first scheme that all sentences are valid in.

    Args:
        path: Where they are from, for messages.
        sentences: Sentences in words and tags.
        scheme: The only scheme to try; ``auto`` tries all.

    Raises:
        UserError: There is none; the message has the first fault in each scheme.
    """
    schemes = SCHEMES if scheme == "auto" else (scheme,)
    faults: list[str] = []
    for tried in schemes:
        fault = _first_fault(sentences, tried)
        if fault is None:
            return tried
        faults.append(fault)
    raise UserError(
        f"{path}: tags are not {' or '.join(schemes)}. Mend the first of these lines that is a mistake:\n"
        + "\n".join(f"  {fault}" for fault in faults)
        + "\nIf these are no tags of entities, set `columns.tags` to the field, or the column's number, that has them."
    )


def _first_fault(sentences: Sequence[Tagged], scheme: Scheme) -> str | None:
    for tagged in sentences:
        fault = find_fault(tagged.tags, scheme)
        if fault is not None:
            return f"not {scheme}: {tagged.place_of(fault.position)}: {fault.reason}"
    return None
