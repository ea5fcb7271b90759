"""Names of classes for types of any kind."""

import random
from keyword import iskeyword

import pytest

from gner.prompting.class_names import class_names

ODD_TYPES = (
    *("person", "Person", "programming language", "programming-language", "3d model", "C", "C++", "C#", "none", "None"),
    *("true", "class", "entity", "Entity", "result", "text", "++", "--", "²", "人物", "ﬁsh", "fish", "straße", "a_b"),
    *("a b", "A B", "A B 2", "व्यक्ति", "\ud800", "O", "LABEL 1", "LABEL_1", "ŉ x", "٣", "print", "str", "𝐀", "A"),
)


def test_names_are_the_words_in_camel_case() -> None:
    types = ("programming language", "Restaurant Name", "GPE", "pH value", "politicalparty", "work-of_art")
    names = ["ProgrammingLanguage", "RestaurantName", "GPE", "PHValue", "Politicalparty", "WorkOfArt"]
    assert list(class_names(types).names.values()) == names


def test_names_of_odd_types_are_identifiers_and_lead_back() -> None:
    classes = class_names(ODD_TYPES)
    assert len(set(classes.names.values())) == len(ODD_TYPES)
    for entity_type, name in classes.names.items():
        assert name.isidentifier() and not iskeyword(name) and name not in ("Entity", "result", "text")
        assert not name.startswith("LABEL_")
        scope: dict[str, object] = {}
        exec(f"class {name}: pass", scope)  # Python knows it by the same name
        assert name in scope
        assert classes.types[name] == classes.find(name) == entity_type


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_types_does_not_matter(seed: int) -> None:
    shuffled = random.Random(seed).sample(ODD_TYPES, len(ODD_TYPES))
    assert class_names(tuple(shuffled)).names == class_names(ODD_TYPES).names


def test_a_class_is_found_in_other_spellings_unless_two_have_that_one() -> None:
    classes = class_names(("sea port", "Ab", "AB"))
    assert [classes.find(name) for name in ("seaport", "Sea_Port", "SEAPORT")] == ["sea port"] * 3
    assert [classes.find(name) for name in ("Ab", "AB", "ab", "Harbor")] == ["Ab", "AB", None, None]
