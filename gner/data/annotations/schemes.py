"""Detects the tagging scheme of sentences: IOB2, IOB1 or BIOES."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from gner.bio import OUTSIDE, SCHEMES, Scheme, find_fault, repair, to_iob2
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.spans import Tagged
from gner.errors import UserError

DOCUMENT_START = "-DOCSTART-"
InvalidTags = Literal["refuse", "repair"]
_AS_IOB2 = {"E": "I", "S": "B"}
_NUM_SHOWN = 3


class _Faults(NamedTuple):
    """Sentences that are invalid in a scheme: their number, and the first ones with the reason."""

    number: int
    first: list[str]


def sentence_of_rows(path: Path, rows: Sequence[tuple[int, str, str]]) -> Tagged:
    """Make a sentence of W rows: line number, word, tag.

    Example:
        >>> sentence = sentence_of_rows(Path("a.conll"), [(7, "New", "B-city"), (8, "York", "I-city")])
        >>> sentence.words, sentence.place_of(1)
        (('New', 'York'), 'a.conll:8')
    """
    lines, words, tags = zip(*rows, strict=True)
    return Tagged(words, tags, str(path), lines)


def has_prefix(tag: str) -> bool:
    """Whether a tag has a prefix, whichever letter that is."""
    return tag[1:2] == "-"


def find_scheme(
    path: str | Path,
    sentences: Sequence[Tagged],
    scheme: Scheme | Literal["auto"],
    invalid_tags: InvalidTags = "refuse",
) -> Scheme | None:
    """The first scheme in which all sentences are valid.

    Args:
        path: The file, for messages.
        sentences: Sentences with tags.
        scheme: The only scheme to try; ``auto`` tries all.
        invalid_tags: What to do if there is none.

    Returns:
        The scheme; None if there is none and tags shall be repaired.

    Raises:
        UserError: There is none, or a tag is malformed; the message tells how many sentences are invalid, and where.

    Example:
        >>> find_scheme("a.conll", [Tagged(("Ada", "slept"), ("I-person", "O"), "a.conll:1")], "auto")
        'IOB1'
        >>> find_scheme("a.conll", [Tagged(("Ada",), ("I-person",), "a.conll:1")], "IOB2")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: a.conll: tags are not IOB2.
          not IOB2 in 1 of 1 sentences:
            a.conll:1, word 1: `I-person` continues no entity
        Fix the tags, or set `invalid_tags: repair` ...
    """
    schemes = SCHEMES if scheme == "auto" else (scheme,)
    faults: dict[Scheme, _Faults] = {}
    for tried in schemes:
        faults[tried] = _find_faults(sentences, tried)
        if not faults[tried].number:
            return tried
    tags = set(chain.from_iterable(one.tags for one in sentences)) - {OUTSIDE}
    if invalid_tags == "repair" and all(map(has_prefix, tags)):
        return None
    lines: list[str] = []
    for tried in schemes:
        lines.append(f"  not {tried} in {faults[tried].number:,} of {len(sentences):,} sentences:")
        lines += [f"    {fault}" for fault in faults[tried].first]
    raise UserError(
        f"{path}: tags are not {' or '.join(schemes)}.\n"
        + "\n".join(lines)
        + "\nFix the tags, or set `invalid_tags: repair` of the source to read an `I-` that continues no entity of its "
        "type as `B-`. If these are not entity tags, set `columns.tags` to their field or column."
    )


def _find_faults(sentences: Sequence[Tagged], scheme: Scheme) -> _Faults:
    number = 0
    first: list[str] = []
    valid: set[tuple[str, str]] = set()  # pairs of neighbours, which alone decide: a corpus has few
    for tagged in sentences:
        pairs = set(pairwise((OUTSIDE, *tagged.tags, OUTSIDE)))
        fault = None if pairs <= valid else find_fault(tagged.tags, scheme)
        if fault is None:
            valid |= pairs
        else:
            number += 1
            if len(first) < _NUM_SHOWN:
                first.append(f"{tagged.place_of(fault.position)}: {fault.reason}")
    return _Faults(number, first)


def as_iob2(tagged: Tagged, scheme: Scheme | None, report: ReadReport) -> tuple[str, ...]:
    """The tags of a sentence in IOB2.

    Args:
        tagged: The sentence.
        scheme: Its scheme; None repairs the tags, as those of predictions are, and reports it.
        report: Collects what is repaired.
    """
    if scheme == "IOB2":
        return tagged.tags
    if scheme is not None:
        return tuple(to_iob2(tagged.tags, scheme))
    given = [_AS_IOB2.get(tag[0], tag[0]) + tag[1:] for tag in tagged.tags]
    repaired, _ = repair(given)
    for position, (before, after) in enumerate(zip(given, repaired, strict=True)):
        if before != after:
            report.add("repaired", tagged.place_of(position), f"`{tagged.tags[position]}` is read as `{after}`")
    return repaired
