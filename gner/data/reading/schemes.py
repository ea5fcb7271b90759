"""Tags of any scheme to IOB2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from gner.bio import SCHEMES, Scheme, find_fault
from gner.data.reading.records import Tagged
from gner.errors import UserError

DOCUMENT_START = "-DOCSTART-"
_OTHER_LETTERS = {"L": "E", "U": "S", "M": "I", "W": "S"}
"""Prefixes of BILOU and BMEWO, and what BIOES has for them."""


def from_rows(path: Path, rows: Sequence[tuple[int, str, str]]) -> Tagged:
    """A sentence from the line number, word and tag of each of its W lines."""
    lines, words, tags = zip(*rows, strict=True)
    return Tagged(words, tags, str(path), lines)


def with_bioes_letters(sentences: Sequence[Tagged]) -> list[Tagged]:
    """Write BILOU, BMES and BMEWO as BIOES, where a file has their prefixes; other tags stay as they are.

    Example:
        >>> with_bioes_letters([Tagged(("New", "York"), ("B-city", "L-city"), "a:1")])[0].tags
        ('B-city', 'E-city')
    """
    prefixes = {tag[0] for tagged in sentences for tag in tagged.tags if tag[1:2] == "-"}
    if not prefixes & set(_OTHER_LETTERS) or not prefixes <= {*"BIES", *_OTHER_LETTERS}:
        return list(sentences)
    return [
        Tagged(
            tagged.words,
            tuple(_OTHER_LETTERS.get(tag[0], tag[0]) + tag[1:] if tag[1:2] == "-" else tag for tag in tagged.tags),
            tagged.place,
            tagged.lines,
            tagged.types,
        )
        for tagged in sentences
    ]


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
    )


def _first_fault(sentences: Sequence[Tagged], scheme: Scheme) -> str | None:
    for tagged in sentences:
        fault = find_fault(tagged.tags, scheme)
        if fault is not None:
            return f"not {scheme}: {tagged.place_of(fault.position)}: {fault.reason}"
    return None
