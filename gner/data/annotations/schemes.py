"""Detects the tagging scheme of sentences: IOB2, IOB1, BIOES, BILOU, BMES, BMEWO, or tags without prefixes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """Make a sentence of W rows: line number, word, tag.

    Example:
        >>> sentence = sentence_of_rows(Path("a.conll"), [(7, "New", "B-city"), (8, "York", "I-city")])
        >>> sentence.words, sentence.place_of(1)
        (('New', 'York'), 'a.conll:8')
    """
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
    tags = set(chain.from_iterable(tagged.tags for tagged in sentences))
    prefixed = set(filter(_has_prefix, tags))
    prefixes = {tag[0] for tag in prefixed}
    if prefixes & _OTHER_LETTERS.keys() and prefixes <= {*"BIES", *_OTHER_LETTERS}:
        rewritten = {tag: _OTHER_LETTERS.get(tag[0], tag[0]) + tag[1:] for tag in prefixed}
        return _rewrite(sentences, rewritten), None
    if OUTSIDE in tags and len(tags) > 1 and not prefixed:
        rewritten = {tag: f"I-{tag}" for tag in tags if tag != OUTSIDE}
        description = "tags without prefixes, neighbours of one type joined"
        return _rewrite(sentences, rewritten), description
    return list(sentences), None


def _has_prefix(tag: str) -> bool:
    return tag[1:2] == "-"


def _rewrite(sentences: Iterable[Tagged], rewritten: Mapping[str, str]) -> list[Tagged]:
    return [replace(one, tags=tuple(rewritten.get(tag, tag) for tag in one.tags)) for one in sentences]


def find_scheme(path: str | Path, sentences: Sequence[Tagged], scheme: Scheme | Literal["auto"]) -> Scheme:
    """The first scheme in which all sentences are valid.

    Args:
        path: The file, for messages.
        sentences: Sentences with tags.
        scheme: The only scheme to try; ``auto`` tries all.

    Raises:
        UserError: There is none; the message lists the first violation of each scheme.

    Example:
        >>> find_scheme("a.conll", [Tagged(("Ada", "slept"), ("I-person", "O"), "a.conll:1")], "auto")
        'IOB1'
        >>> find_scheme("a.conll", [Tagged(("Ada",), ("I-person",), "a.conll:1")], "IOB2")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: a.conll: tags are not IOB2. The first violation of each:
          not IOB2: a.conll:1, word 1: `I-person` continues no entity
        Fix the tag that is wrong. ...
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
        + "\nFix the tag that is wrong. If these are not entity tags, set `columns.tags` to their field or column."
    )


def _first_fault(sentences: Sequence[Tagged], scheme: Scheme) -> str | None:
    for tagged in sentences:
        fault = find_fault(tagged.tags, scheme)
        if fault is not None:
            return f"not {scheme}: {tagged.place_of(fault.position)}: {fault.reason}"
    return None
