"""Types under the user's names and in the prompt."""

from pathlib import Path

import pytest

from gner.errors import UserError
from gner.inference.labels import Labels, read_labels


def test_types_keep_order_and_names_without_duplicates() -> None:
    labels = Labels.of(["person", "Person", "person", " city ", "city"])
    assert labels.types == ("person", "Person", "city")
    assert labels.names["city"] == " city "


def test_descriptions_stay_with_their_types() -> None:
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
def test_unwritable_characters_are_replaced_in_the_prompt_only(name: str, written: str) -> None:
    labels = Labels.of([name])
    assert labels.types == (written,)
    assert labels.names[written] == name


@pytest.mark.parametrize("labels", ["person", [""], ["person", " "], ["("], [None], [3]])
def test_invalid_types_raise(labels: object) -> None:
    with pytest.raises(UserError):
        Labels.of(labels)  # type: ignore[arg-type]


def test_empty_list_of_types_is_allowed() -> None:
    assert Labels.of([]).types == ()


@pytest.mark.parametrize("content", ['[["person"]]', "[{}]", "{"])
def test_a_file_without_types_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"labels\.json: expected types"):
        read_labels(None, file)
