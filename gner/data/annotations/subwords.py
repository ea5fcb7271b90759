"""Joins tagged subwords into entities, as the ``ner`` pipeline returns them without ``aggregation_strategy``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gner.data.annotations.spans import Options, Span
from gner.errors import UserError

_PIECE = re.compile(r"[BIESLU]-(.+)")


def are_pieces(types: Sequence[str]) -> bool:
    """Whether the types of spans are tags (``B-PER``, ``O``), at least one of them with ``B-`` or ``I-``.

    Example:
        >>> are_pieces(["B-PER", "I-PER", "O"]), are_pieces(["PER", "LOC"]), are_pieces(["O"])
        (True, False, False)
    """
    are_tags = all(one == "O" or _PIECE.fullmatch(one) for one in types)
    return are_tags and any(one.startswith(("B-", "I-")) for one in types)


def join_pieces(text: str, spans: Sequence[Span], place: str, options: Options) -> list[Span]:
    """Join consecutive pieces into entities; pieces of type ``O`` are left out and reported.

    A piece continues the previous one if only whitespace is between them and it is ``I-``, ``E-`` or ``L-`` of the same
    type, or starts with ``##``. The lowest score of the pieces is that of the entity.

    Raises:
        UserError: Pieces are not in text order.

    Example:
        >>> spans = [Span(0, 4, "B-PER", "Love"), Span(4, 8, "B-PER", "##lace"), Span(9, 14, "I-LOC", "slept")]
        >>> [tuple(span)[:3] for span in join_pieces("Lovelace slept", spans, "a.jsonl:1", Options())]
        [(0, 8, 'PER'), (9, 14, 'LOC')]
    """
    joined: list[Span] = []
    for span in spans:
        if joined and span.start < joined[-1].end:
            raise UserError(
                f"{place}: expected pieces such as `B-person` in the order of the text, found {span.type} at "
                f"{span.start} after {joined[-1].end}. Write whole entities (`aggregation_strategy: simple`)."
            )
        match = _PIECE.fullmatch(span.type)
        if match is None:
            options.report.add("no_type", place, f"`{text[span.start : span.end]}` ({span.type})")
            continue
        is_adjacent = bool(joined) and not text[joined[-1].end : span.start].strip()
        is_subword = (span.text or "").startswith("##")
        if is_adjacent and (is_subword or (span.type[0] in "IEL" and joined[-1].type == match[1])):
            joined[-1] = joined[-1]._replace(end=span.end, score=_lower(joined[-1].score, span.score))
        else:
            joined.append(Span(span.start, span.end, match[1], score=span.score))
    return joined


def _lower(one: float | None, other: float | None) -> float | None:
    """The lower of two scores, of which either may be missing."""
    return min((score for score in (one, other) if score is not None), default=None)
