"""Aligners as users name them on command lines."""

from __future__ import annotations

from typing import cast, get_args

from jsonargparse import ArgumentError

from gner.alignment import WordAligner
from gner.alignment.postprocess import AlignerName, AnyAligner
from gner.errors import UserError, did_you_mean, last_line
from gner.option_parser import make_named
from gner.plugins import ALIGNERS, plugin_names


def make_aligner(chosen: str) -> AnyAligner:
    """The aligner of a name.

    Args:
        chosen: One of ours, the name that a package gave its own in the entry-point group ``gner.aligners``, or the
            path of a class.

    Raises:
        UserError: There is none of that name, or it needs options.

    Example:
        >>> make_aligner("lcs")
        'lcs'
        >>> make_aligner("lsc")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected an aligner among robust, official, ... got `lsc`. Did you mean `lcs`? ...
    """
    ours = get_args(AlignerName)
    if chosen in ours:
        return cast("AlignerName", chosen)
    try:
        made: WordAligner = make_named(ALIGNERS, WordAligner, chosen)
    except ArgumentError as error:
        raise UserError(f"{unknown_aligner(chosen)} {last_line(error).strip(' -')}.") from error
    return made


def unknown_aligner(given: str) -> str:
    """What to say of a name that is no aligner's."""
    known = [*get_args(AlignerName), *plugin_names(ALIGNERS).values()]
    hint = did_you_mean(given, known)
    return f"Expected an aligner among {', '.join(known)}, or the path of a WordAligner, got `{given}`.{hint}"
