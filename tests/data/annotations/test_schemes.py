"""Tagging schemes are recognised by the tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gner.bio import repair, to_entities
from gner.data.annotations.read_report import ReadReport
from gner.data.annotations.schemes import as_iob2, find_scheme
from gner.data.annotations.spans import Tagged
from gner.data.annotations.tag_syntax import PREFIX, standard_tags
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
    written = _written(tags, LETTERS[name])
    standard = standard_tags(PREFIX, written, "")
    sentence = _tagged(tuple(standard[tag] for tag in written))
    assert as_iob2(sentence, find_scheme("a.txt", [sentence], "auto"), ReadReport()) == tags


def test_one_sentence_decides_the_scheme_of_all() -> None:
    plain, inside = _tagged(("B-x", "O")), _tagged(("I-x", "O"))
    assert find_scheme("a.txt", [plain, plain], "auto") == "IOB2"
    assert find_scheme("a.txt", [inside, _tagged(("O",))], "auto") == "IOB1"


@given(st.lists(st.sampled_from(["O", "B-x", "I-x", "B-y", "I-y"]), min_size=1, max_size=9))
def test_invalid_tags_are_repaired_as_those_of_predictions(tags: list[str]) -> None:
    report = ReadReport()
    sentence = _tagged(tuple(tags))
    repaired, number = repair(tags)
    assert as_iob2(sentence, find_scheme("a.txt", [sentence], "IOB2", "repair"), report) == repaired
    assert report.counts()["repaired"] == number


def test_the_first_violation_of_each_scheme_is_named_with_its_place() -> None:
    sentence = Tagged(("a", "b", "c"), ("I-x", "O", "B-x"), "a.txt", lines=(3, 4, 5))
    with pytest.raises(UserError, match=r"(?s)not IOB2 in 1 .* a\.txt:3: .*not IOB1 in 1 .* a\.txt:5: .*not BIOES"):
        find_scheme("a.txt", [sentence], "auto")
