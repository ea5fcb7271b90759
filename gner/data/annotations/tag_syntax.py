"""How tags are written: ``B-PER``, ``B_PER``, ``PER-B``, ``B`` without a type, or ``PER`` without a prefix.

A way of writing belongs to a whole source: ``vitamin-B`` is a suffix only if all tags of all files have one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from gner.bio import OUTSIDE

TAG = re.compile(r"O|[BIESLUMW]-.+")
"""A tag with a prefix, or ``O``."""

LOOSE_TAG = re.compile(r"O|[BIESLUMW][-_].+")
"""The same, also with an underscore."""

_OTHER_LETTERS = {"L": "E", "U": "S", "M": "I", "W": "S"}
"""Prefixes of BILOU and BMEWO, each with its BIOES equivalent."""


_CAN_START = set("BISU")
"""Prefixes of which every corpus with entities has one."""


class TagSyntax(NamedTuple):
    """A way of writing tags.

    Attributes:
        name: What messages call it.
        pattern: Matches all tags but ``O``, with the groups ``prefix`` and ``type`` where it has them.
        note: What to log; empty for the usual one.
    """

    name: str
    pattern: re.Pattern[str]
    note: str = ""

    def fits(self, tags: Collection[str]) -> bool:
        """Whether all of these tags may be written in this way, and some of them can start an entity."""
        matches = [self.pattern.fullmatch(tag) for tag in tags]
        prefixes = {(match["prefix"] or "").upper() for match in matches if match is not None}
        return all(matches) and bool(prefixes & _CAN_START)

    def type_of(self, tag: str) -> str:
        """The type of a tag; empty for ``O``, for other tags without one, and for tags that are written otherwise."""
        match = None if tag == OUTSIDE else self.pattern.fullmatch(tag)
        return match.groupdict().get("type", "") if match is not None else ""


PREFIX = TagSyntax("tags such as B-person", re.compile(r"(?P<prefix>[BIESLUMW])-(?P<type>.+)"))
PLAIN = TagSyntax(
    "tags without prefixes",
    re.compile(r"(?![BIESLUMW]-)(?P<type>.+)"),
    "tags without prefixes, neighbours of one type joined",
)
_SYNTAXES = (
    PREFIX,
    TagSyntax(
        "tags such as B_person", re.compile(r"(?P<prefix>[BIESLUMW])[_:.|/](?P<type>.+)"), "tags written as B_person"
    ),
    TagSyntax(
        "tags such as b-person",
        re.compile(r"(?P<prefix>[biesl])[-_](?P<type>.+)|o"),
        "tags with small letters, as b-person",
    ),
    TagSyntax(
        "tags such as person-B",
        re.compile(r"(?P<type>.+)[-_:.|/](?P<prefix>[BIESLUMW])"),
        "tags with the prefix at their end, as person-B",
    ),
    TagSyntax("tags without types", re.compile(r"(?P<prefix>[BIESLUMW])"), "tags without types, such as B and I"),
)


def find_syntax(tags: Collection[str]) -> TagSyntax | None:
    """The way in which all of these tags are written; None if they are all ``O``, or written in several ways.

    Without prefixes, ``O`` has to be among them, as parts of speech look like types.

    Example:
        >>> find_syntax(["O", "PER-B", "PER-I"]).name, find_syntax(["O", "B", "I"]).name
        ('tags such as person-B', 'tags without types')
        >>> find_syntax(["O", "person"]).name, find_syntax(["O"])
        ('tags without prefixes', None)
    """
    used = {tag for tag in tags if tag != OUTSIDE}
    if not used:
        return None
    for syntax in _SYNTAXES:
        if syntax.fits(used):
            return syntax
    has_prefixes = any(map(TAG.fullmatch, used))
    return PLAIN if OUTSIDE in tags and not has_prefixes else None


def standard_tags(syntax: TagSyntax, tags: Iterable[str], type_name: str) -> dict[str, str]:
    """For each tag, the same with a prefix of IOB2 or BIOES, a hyphen and a type; malformed ones stay.

    Args:
        syntax: How the tags are written.
        tags: All tags of a file, which tell BILOU and BMEWO from BIOES.
        type_name: The type of tags that have none.

    Example:
        >>> tags = ["O", "U_city", "B_city", "L_city"]
        >>> standard_tags(find_syntax(tags), tags, "")
        {'O': 'O', 'U_city': 'S-city', 'B_city': 'B-city', 'L_city': 'E-city'}
    """
    matches = {tag: None if tag == OUTSIDE else syntax.pattern.fullmatch(tag) for tag in tags}
    parts = {tag: match.groupdict() for tag, match in matches.items() if match is not None}
    prefixes = {tag: found.get("prefix", "I") for tag, found in parts.items()}
    others = _OTHER_LETTERS if set(filter(None, prefixes.values())) <= {*"BIES", *_OTHER_LETTERS} else {}
    standard = {tag: tag for tag in matches}
    for tag, found in parts.items():
        prefix = (prefixes[tag] or OUTSIDE).upper()
        is_outside = prefix == OUTSIDE
        standard[tag] = OUTSIDE if is_outside else f"{others.get(prefix, prefix)}-{found.get('type', type_name)}"
    return standard
