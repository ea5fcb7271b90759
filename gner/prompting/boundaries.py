"""How answers mark where entities begin and end: by BIO tags, by BIOES tags, or not at all.

Everywhere else tags are IOB2. What an answer writes in their place is a *mark*:

* ``bio``: the tag itself;
* ``bioes``: ``B-``, ``I-`` and ``E-`` for the first, inner and last word of an entity, ``S-`` for one of a single word;
* ``none``: the type, which says nothing of the boundary between two entities of one type side by side. Such a mark is
  ``I-<type>`` in the code, which is IO encoding, and ``<type>`` in a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from gner.bio import OUTSIDE, inside, repair, split_tag, tags_of, to_iob2

Boundaries = Literal["bio", "bioes", "none"]
BOUNDARIES: tuple[Boundaries, ...] = get_args(Boundaries)


def marks_of(types: Iterable[str], boundaries: Boundaries) -> list[str]:
    """All marks that an answer about these types can have.

    Example:
        >>> marks_of(["city"], "bioes"), marks_of(["city"], "none")
        (['O', 'B-city', 'I-city', 'E-city', 'S-city'], ['O', 'I-city'])
    """
    if boundaries == "bio":
        return tags_of(types)
    prefixes = "I" if boundaries == "none" else "BIES"
    marks = [OUTSIDE]
    for entity_type in types:
        marks += [f"{prefix}-{entity_type}" for prefix in prefixes]
    return marks


def to_marks(tags: Sequence[str], boundaries: Boundaries) -> list[str]:
    """The marks of tags.

    Example:
        >>> tags = ["B-city", "I-city", "B-city", "O"]
        >>> to_marks(tags, "bioes"), to_marks(tags, "none")
        (['B-city', 'E-city', 'S-city', 'O'], ['I-city', 'I-city', 'I-city', 'O'])
    """
    if boundaries == "bio":
        return list(tags)
    if boundaries == "none":
        return list(map(inside, tags))
    marks: list[str] = []
    for tag, following in zip(tags, [*tags[1:], OUTSIDE], strict=False):
        entity_type = split_tag(tag)[1]
        goes_on = following == inside(tag)
        prefixes = "BS" if tag != inside(tag) else "IE"
        marks.append(f"{prefixes[not goes_on]}-{entity_type}" if entity_type else OUTSIDE)
    return marks


def from_marks(marks: Sequence[str], boundaries: Boundaries) -> tuple[str, ...]:
    """The tags of marks, whether these are valid or not: ``E-`` is read as ``I-``, ``S-`` as ``B-``, then repaired.

    Example:
        >>> from_marks(["B-city", "E-city", "S-city"], "bioes"), from_marks(["I-city", "I-city"], "none")
        (('B-city', 'I-city', 'B-city'), ('B-city', 'I-city'))
    """
    return to_iob2(marks, "BIOES") if boundaries == "bioes" else repair(marks)[0]


def adjacent_entities(tags: Sequence[str]) -> int | None:
    """Where an entity starts next to another one of its type, from which marks without boundaries cannot tell it.

    Returns:
        The first word of the first such entity, or None.

    Example:
        >>> adjacent_entities(["B-city", "I-city", "B-city"]), adjacent_entities(["B-city", "B-club", "O"])
        (2, None)
    """
    before = OUTSIDE
    for position, tag in enumerate(tags):
        if tag != inside(tag) == inside(before):
            return position
        before = tag
    return None


def spell(mark: str, boundaries: Boundaries) -> str:
    """What a text has in the brackets after a word with this mark.

    Example:
        >>> spell("S-city", "bioes"), spell("I-city", "none"), spell("O", "none")
        ('S-city', 'city', 'O')
    """
    return (split_tag(mark)[1] or OUTSIDE) if boundaries == "none" else mark


def tags_by_spelling(types: Iterable[str], boundaries: Boundaries) -> dict[str, str]:
    """The tag as which each mark is read, by how it is spelt; still to be repaired.

    Without boundaries every word begins an entity, and those of a type side by side are joined when all words have
    their places.

    Example:
        >>> tags_by_spelling(["city"], "bioes")
        {'O': 'O', 'B-city': 'B-city', 'I-city': 'I-city', 'E-city': 'I-city', 'S-city': 'B-city'}
        >>> tags_by_spelling(["city"], "none")
        {'O': 'O', 'city': 'B-city'}
    """
    tags: dict[str, str] = {}
    for mark in marks_of(types, boundaries):
        prefix, entity_type = split_tag(mark)
        begins = prefix in "BS" or boundaries == "none"
        tag = OUTSIDE if mark == OUTSIDE else f"{'B' if begins else 'I'}-{entity_type}"
        tags[spell(mark, boundaries)] = tag
    return tags


class Turn(NamedTuple):
    """All that decides which marks a word may have.

    Attributes:
        open_type: Type of the entity that the word may continue, and with BIOES must; empty if there is none.
        must_close: Whether no entity may be left open, as after the last word of a sentence.
    """

    open_type: str
    must_close: bool = False

    @classmethod
    def after(cls, before: str, boundaries: Boundaries, *, is_last: bool) -> Turn:
        """The turn of a word.

        Args:
            before: The mark of the word before; O for the first word.
            boundaries: How marks are made.
            is_last: Whether it is the last word.

        Example:
            >>> Turn.after("B-city", "bioes", is_last=True).marks(["city", "club"], "bioes")
            ['E-city']
            >>> Turn.after("E-city", "bioes", is_last=True).marks(["city", "club"], "bioes")
            ['O', 'S-city', 'S-club']
            >>> Turn.after("I-city", "bio", is_last=True).marks(["city", "club"], "bio")
            ['O', 'B-city', 'I-city', 'B-club']
        """
        if boundaries == "none":
            return cls("")
        prefix, entity_type = split_tag(before)
        is_open = boundaries == "bio" or prefix in "BI"
        return cls(entity_type if is_open else "", boundaries == "bioes" and is_last)

    def marks(self, types: Iterable[str], boundaries: Boundaries) -> list[str]:
        """The marks that are possible."""
        return [mark for mark in marks_of(types, boundaries) if self._allows(*split_tag(mark), boundaries)]

    def _allows(self, prefix: str, entity_type: str, boundaries: Boundaries) -> bool:
        if boundaries == "none":
            return True
        if self.must_close and prefix in "BI":
            return False
        continues = prefix in "IE"
        if boundaries == "bioes" and self.open_type and not continues:
            return False
        return not continues or entity_type == self.open_type
