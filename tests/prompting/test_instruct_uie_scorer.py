"""InstructUIE's scorer compares sets of normalised items."""

import pytest

from gner.prompting.instruct_uie_scorer import NOTHING, answer_items, count_items, normalise_item
from gner.records import Counts


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("  Person :\t Ada  Byron ", "person:ada byron"),
        ("product: Help !", "product:help !"),  # not among the signs that lose their spaces
        ("a: St. John 's ( the ) one - two _ three", "a:st.john's(the)one-two_three"),
        ("a: {b}, , c.. d", "a:b,c.d"),
        ("LOCATION: allocation", "located:allocated"),
        ("a: it’s", "a:it's"),
    ],
)
def test_items_are_normalised(text: str, item: str) -> None:
    assert normalise_item(text) == item


@pytest.mark.parametrize(
    ("answer", "items"),
    [
        (" None", {"none"}),
        ("", {""}),
        (";;", {""}),
        ("person: Ada; ; person: ADA;", {"person:ada", ""}),
        (" band: Rock ; Roll", {"band:rock", "roll"}),  # in gold answers too
        ("alien: Ada; person:", {"alien:ada", "person:"}),
    ],
)
def test_an_answer_is_a_set_of_whatever_is_between_semicolons(answer: str, items: set[str]) -> None:
    assert answer_items(answer) == items


def test_items_are_counted_once_and_none_is_one() -> None:
    gold, written = answer_items(" None"), answer_items("none; person: Ada; person: Ada")
    assert count_items(gold, written) == Counts(1, 2, 1)
    assert count_items(gold - NOTHING, written - NOTHING) == Counts(0, 1, 0)
