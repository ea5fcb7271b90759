"""Tagging schemes are recognised by the tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import repair, to_entities, to_iob2
from gner.data.annotations.schemes import find_scheme, normalize_prefixes
from gner.data.annotations.spans import Tagged
from gner.errors import UserError

TAGS = st.lists(st.sampled_from(["O", "B-x", "I-x", "B-y"]), min_size=1, max_size=9).map(lambda tags: repair(tags)[0])
LETTERS = {"BIOES": "BIES", "BILOU": "BILU", "BMES": "BMES", "BMEWO": "BMEW"}
"""Of the first, an inner and the last word of an entity, and of one that is a single word."""


def _tagged(tags: tuple[str, ...]) -> Tagged:
    return Tagged(tuple(f"w{number}" for number in range(len(tags))), tags, "a.txt")


def _written(tags: tuple[str, ...], letters: str) -> tuple[str, ...]:
    """IOB2 tags in a scheme that marks where entities end."""
    first, inner, last, single = letters
    written = ["O"] * len(tags)
    for entity in to_entities(tags):
        for place in range(entity.start, entity.end):
            written[place] = f"{inner}-{entity.type}"
        written[entity.start] = f"{first}-{entity.type}"
        written[entity.end - 1] = f"{single if entity.end - entity.start == 1 else last}-{entity.type}"
    return tuple(written)


@pytest.mark.parametrize("name", LETTERS)
@given(TAGS)
def test_schemes_that_mark_ends_give_the_same_entities(name: str, tags: tuple[str, ...]) -> None:
    sentences, remark = normalize_prefixes([_tagged(_written(tags, LETTERS[name]))])
    assert remark is None
    scheme = find_scheme("a.txt", sentences, "auto")
    assert to_iob2(sentences[0].tags, scheme) == tags


def test_one_sentence_decides_the_scheme_of_all() -> None:
    plain, inside = _tagged(("B-x", "O")), _tagged(("I-x", "O"))
    assert find_scheme("a.txt", [plain, plain], "auto") == "IOB2"
    assert find_scheme("a.txt", [inside, _tagged(("O",))], "auto") == "IOB1"


def test_tags_without_prefixes_are_types_whose_neighbours_are_one_entity() -> None:
    [sentence], remark = normalize_prefixes([_tagged(("x", "x", "O", "y"))])
    assert to_iob2(sentence.tags, find_scheme("a.txt", [sentence], "auto")) == ("B-x", "I-x", "O", "B-y")
    assert remark == "tags without prefixes, neighbours of one type joined"


def test_the_first_violation_of_each_scheme_is_named_with_its_place() -> None:
    sentence = Tagged(("a", "b", "c"), ("I-x", "O", "B-x"), "a.txt", lines=(3, 4, 5))
    with pytest.raises(UserError, match=r"not IOB2: a\.txt:3: .*\n.*not IOB1: a\.txt:5: .*\n.*not BIOES"):
        find_scheme("a.txt", [sentence], "auto")
