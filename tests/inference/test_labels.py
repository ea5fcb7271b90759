"""Types as a user names them, and as a model is asked."""

import pytest

from gner.errors import UserError
from gner.inference.labels import Labels


def test_types_keep_order_and_names_and_come_once() -> None:
    labels = Labels.of(["person", "Person", "person", " city ", "city"])
    assert labels.types == ("person", "Person", "city")
    assert labels.names["city"] == " city "


def test_descriptions_go_with_their_types() -> None:
    labels = Labels.of({"actor": "who plays\nin films", "genre": None, "year": ""})
    assert labels.types == ("actor", "genre", "year")
    assert labels.descriptions == (("actor", "who plays in films"),)
    assert labels.only(["genre"]).descriptions == ()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("city, state", "city, state"),
        ("person (real)", "person (real)"),
        ("person (real", "person real"),
        (":) smile", ": smile"),
        ("a\tb\nc\x00d\xa0e", "a b c d e"),
        ("人名", "人名"),
    ],
)
def test_what_cannot_be_written_is_replaced_and_found_again(name: str, written: str) -> None:
    labels = Labels.of([name])
    assert labels.types == (written,)
    assert labels.names[written] == name


@pytest.mark.parametrize("labels", ["person", [""], ["person", " "], ["("], [None], [3]])
def test_what_is_no_list_of_types_is_refused(labels: object) -> None:
    with pytest.raises(UserError):
        Labels.of(labels)  # type: ignore[arg-type]


def test_no_types_are_no_types() -> None:
    assert Labels.of([]).types == ()
