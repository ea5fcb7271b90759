"""Entities in pieces, as the ``ner`` pipeline gives them without ``aggregation_strategy``: ``B-PER``, ``I-PER``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gner.data.annotations.spans import Options, Span
from gner.errors import UserError

_PIECE = re.compile(r"[BIESLU]-(.+)")


def are_pieces(types: Sequence[str]) -> bool:
    """Whether all types are tags, and one of them starts with ``B-`` or ``I-``."""
    return all(one == "O" or _PIECE.fullmatch(one) for one in types) and any(one[:2] in ("B-", "I-") for one in types)


def join_pieces(text: str, spans: Sequence[Span], place: str, options: Options) -> list[Span]:
    """Entities of pieces that follow each other; those of type ``O`` are left out, and told.

    A piece goes on with the one before if nothing but white space is between them, and it is ``I-``, ``E-`` or ``L-``
    of the same type, or starts with ``##``.

    Raises:
        UserError: Pieces are not in the order of the text.
    """
    joined: list[Span] = []
    for span in spans:
        if joined and span.start < joined[-1].end:
            raise UserError(
                f"{place}: expected pieces such as `B-person` in the order of the text, found {span.type} at "
                f"{span.start} behind {joined[-1].end}. Write whole entities (`aggregation_strategy: simple`)."
            )
        match = _PIECE.fullmatch(span.type)
        if match is None:
            options.report.add("no_type", place, f"`{text[span.start : span.end]}` ({span.type})")
            continue
        is_part = (span.text or "").startswith("##")
        follows = bool(joined) and not text[joined[-1].end : span.start].strip()
        goes_on = span.type[0] in "IEL" and follows and joined[-1].type == match[1]
        if goes_on or (is_part and follows):
            joined[-1] = joined[-1]._replace(end=span.end)
        else:
            joined.append(Span(span.start, span.end, match[1]))
    return joined
