"""Detects the tagging scheme of sentences: IOB2, IOB1, BIOES, BILOU, BMES, BMEWO, or tags without prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Literal

from gner.bio import OUTSIDE, SCHEMES, Scheme, find_fault
from gner.data.annotations.spans import Tagged
from gner.errors import UserError

DOCUMENT_START = "-DOCSTART-"
_OTHER_LETTERS = {"L": "E", "U": "S", "M": "I", "W": "S"}
"""Prefixes of BILOU and BMEWO, each with its BIOES equivalent."""


def sentence_of_rows(path: Path, rows: Sequence[tuple[int, str, str]]) -> Tagged:
    """Make a sentence of W rows: line number, word, tag."""
    lines, words, tags = zip(*rows, strict=True)
    return Tagged(words, tags, str(path), lines)


def normalize_prefixes(sentences: Sequence[Tagged]) -> tuple[list[Tagged], str | None]:
    """Rewrite BILOU, BMES and BMEWO as BIOES, and tags without prefixes as IOB1; other tags stay unchanged.

    Without prefixes, neighbouring entities of one type cannot be told apart, and become one entity.

    Returns:
        The sentences, and a description of the tags where the name of the new scheme would mislead.

    Example:
        >>> normalize_prefixes([Tagged(("New", "York"), ("B-city", "L-city"), "a:1")])[0][0].tags
        ('B-city', 'E-city')
        >>> normalize_prefixes([Tagged(("in", "York"), ("O", "city"), "a:1")])[0][0].tags
        ('O', 'I-city')
    """
    rewritten, description = _rewritten_tags(set(chain.from_iterable(tagged.tags for tagged in sentences)))
    if not rewritten:
        return list(sentences), None
    normalized: list[Tagged] = []
    for tagged in sentences:
        normalized.append(replace(tagged, tags=tuple(rewritten.get(tag, tag) for tag in tagged.tags)))
    return normalized, description


def _rewritten_tags(tags: set[str]) -> tuple[dict[str, str], str | None]:
    """New tags by old ones, empty if none needs rewriting; and the description."""
    prefixed = {tag for tag in tags if tag[1:2] == "-"}
    prefixes = {tag[0] for tag in prefixed}
    if prefixes & _OTHER_LETTERS.keys() and prefixes <= {*"BIES", *_OTHER_LETTERS}:
        return {tag: _OTHER_LETTERS.get(tag[0], tag[0]) + tag[1:] for tag in prefixed}, None
    if OUTSIDE in tags and len(tags) > 1 and not prefixed:
        without_prefix = tags - {OUTSIDE}
        return {tag: f"I-{tag}" for tag in without_prefix}, "tags without prefixes, neighbours of one type joined"
    return {}, None


def find_scheme(path: str | Path, sentences: Sequence[Tagged], scheme: Scheme | Literal["auto"]) -> Scheme:
    """The first scheme in which all sentences are valid.

    Args:
        path: The file, for messages.
        sentences: Sentences with tags.
        scheme: The only scheme to try; ``auto`` tries all.

    Raises:
        UserError: There is none; the message lists the first violation of each scheme.
    """
    schemes = SCHEMES if scheme == "auto" else (scheme,)
    faults: list[str] = []
    for tried in schemes:
        fault = _first_fault(sentences, tried)
        if fault is None:
            return tried
        faults.append(fault)
    raise UserError(
        f"{path}: tags are not {' or '.join(schemes)}. The first violation of each:\n"
        + "\n".join(f"  {fault}" for fault in faults)
        + "\nFix the wrong tag. If these are not entity tags, set `columns.tags` to the field or column that has them."
    )


def _first_fault(sentences: Sequence[Tagged], scheme: Scheme) -> str | None:
    for tagged in sentences:
        fault = find_fault(tagged.tags, scheme)
        if fault is not None:
            return f"not {scheme}: {tagged.place_of(fault.position)}: {fault.reason}"
    return None
