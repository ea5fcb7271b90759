"""Decoding strategies by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonargparse import ArgumentError

from gner.decoding import DecodingStrategy
from gner.errors import UserError, last_line
from gner.option_parser import make_named
from gner.plugins import STRATEGIES, plugin_names

Decoding = str | Mapping[str, Any] | DecodingStrategy
"""A name, a mapping with ``class_path`` and ``init_args`` as in a config, or a strategy."""


def find_strategy(decoding: Decoding) -> DecodingStrategy:
    """Make the strategy that is named.

    Args:
        decoding: Names are those of the entry-point group ``gner.decoding``, of our own strategies and of packages;
            capital letters, hyphens and underscores make no difference: ``constrained``, ``beam_search``.

    Raises:
        UserError: There is none of that name, or it has other options.

    Example:
        >>> find_strategy("beam-search").num_sequences
        4
        >>> find_strategy({"class_path": "Constrained", "init_args": {"num_beams": 4}}).num_beams
        4
        >>> find_strategy("greedily")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        gner.errors.UserError: Expected a decoding strategy, got 'greedily'. There are: BeamSearch, Constrained, ...
    """
    if isinstance(decoding, DecodingStrategy):
        return decoding
    try:
        strategy: DecodingStrategy = make_named(STRATEGIES, DecodingStrategy, decoding)
    except ArgumentError as error:
        known = ", ".join(sorted(plugin_names(STRATEGIES).values()))
        raise UserError(
            f"Expected a decoding strategy, got {decoding!r}. There are: {known}. {last_line(error).strip(' -')}"
        ) from error
    return strategy
