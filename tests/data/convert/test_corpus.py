"""File names of splits, and types that all sentences share."""

import pytest

from gner.data.convert.corpus import Split, common_types, file_stems
from gner.errors import UserError
from tests.conftest import make_example


def test_file_names_tell_the_split() -> None:
    assert file_stems(["train", "testa", "testb"]) == {"train": "train", "testa": "dev", "testb": "test"}
    assert file_stems(["all"]) == {"all": "train"}


@pytest.mark.parametrize("parts", [["train_a", "train_b"], ["dev", "validation"], ["one", "two"]])
def test_splits_that_would_be_one_are_refused(parts: list[str]) -> None:
    with pytest.raises(UserError, match=f"found {parts[0]} and {parts[1]}. Convert them one by one, with --split"):
        file_stems(["test", *parts])


def test_common_types_keep_their_order() -> None:
    split = Split("train", "train", [make_example("Ada/B-person", number, ("place", "person")) for number in range(3)])
    assert common_types([split, split]) == ("place", "person")


def test_other_types_are_an_error_with_both_places() -> None:
    many = tuple(f"type {number}" for number in range(12))
    examples = [make_example("Ada/O", 1, ("person", "place")), make_example("Ada/O", 2, many)]
    with pytest.raises(UserError) as caught:
        common_types([Split("train", "train", examples)])
    assert str(caught.value).startswith("toy.txt:2: expected the types of toy.txt:1, person, place, found type 0, ")
    assert "type 9 and 2 more. This format has one list" in str(caught.value)
