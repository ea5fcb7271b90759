"""Names of Python classes for entity types, and back."""

from __future__ import annotations

import keyword
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

BASE_CLASS = "Entity"
_RESERVED = {*keyword.kwlist, BASE_CLASS}
_GENERAL = "Type"  # before a name that starts with a digit, after one that is taken, instead of one without letters


class ClassNames(NamedTuple):
    """The classes of some types.

    Attributes:
        names: Of each type the name of its class; no two are equal.
        types: Of each class its type.
        loose: The same for names without capital letters and underscores, where no two classes have that form.

    Example:
        >>> classes = class_names(("programming language", "person"))
        >>> classes.names["programming language"], classes.find("Person"), classes.find("programming_language")
        ('ProgrammingLanguage', 'person', 'programming language')
    """

    names: Mapping[str, str]
    types: Mapping[str, str]
    loose: Mapping[str, str]

    def find(self, written: str) -> str | None:
        """The type of a class that a model wrote, maybe not letter by letter; None for one that there is not."""
        name = unicodedata.normalize("NFKC", written)  # as Python reads identifiers
        return self.types.get(name) or self.loose.get(_squeeze(name))


@lru_cache(maxsize=1024)  # one entry per list of types; training may shuffle them
def class_names(types: tuple[str, ...]) -> ClassNames:
    """Make the names of classes: the words of a type, each with a capital letter.

    They are identifiers whatever the types are, and no keywords. Of types that would have the same name, the first in
    alphabetical order gets it and the others a number, so the order of the types does not matter.

    Example:
        >>> list(class_names(("C", "c++", "none", "3d model", "人物", "entity")).names.values())
        ['C', 'C2', 'NoneType', 'Type3dModel', '人物', 'EntityType']
    """
    plain = {entity_type: _camel_case(entity_type) for entity_type in types}
    taken = set(plain.values())
    given: set[str] = set()
    names: dict[str, str] = {}
    for entity_type in sorted(plain):
        name, number = plain[entity_type], 2
        while name in given:
            numbered = f"{plain[entity_type]}{number}"
            name = name if numbered in taken else numbered
            number += 1
        given.add(name)
        names[entity_type] = name
    of_form = Counter(map(_squeeze, given))
    loose = {_squeeze(name): kind for kind, name in names.items() if of_form[_squeeze(name)] == 1}
    return ClassNames(
        {entity_type: names[entity_type] for entity_type in types},
        {name: entity_type for entity_type, name in names.items()},
        loose,
    )


def _camel_case(entity_type: str) -> str:
    """An identifier, as Python reads it."""
    characters = [character if f"a{character}".isidentifier() else " " for character in entity_type.replace("_", " ")]
    words = "".join(characters).split()
    joined = unicodedata.normalize("NFKC", "".join([word[0].upper() + word[1:] for word in words]))
    name = "".join([character for character in joined if f"a{character}".isidentifier()])
    if not name.isidentifier():
        return _GENERAL + name
    return name + _GENERAL if name in _RESERVED else name


def _squeeze(name: str) -> str:
    return name.lower().replace("_", "")
