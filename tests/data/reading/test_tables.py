"""Loading tables, and the names of classes in them."""

from pathlib import Path

import datasets
import pytest

from gner.data.reading.tables import class_names, inner_names, is_hub_name, load_parts, rows
from gner.errors import UserError

LABEL = datasets.ClassLabel(names=["person", "city"])


def test_class_names_are_found_in_lists_and_objects() -> None:
    assert class_names(LABEL) == class_names(datasets.Sequence(LABEL)) == ["person", "city"]
    assert class_names(datasets.Value("string")) == []
    assert inner_names(datasets.Sequence({"start": datasets.Value("int64"), "label": LABEL})) == ["person", "city"]


def test_rows_have_names_in_place_of_class_numbers() -> None:
    features = datasets.Features({"text": datasets.Value("string"), "spans": [{"label": LABEL}]})
    table = datasets.Dataset.from_list([{"text": "Ada", "spans": [{"label": 0}]}], features=features)
    [record] = rows(table, "news")
    assert record == ({"text": "Ada", "spans": [{"label": "person"}]}, "news, row 1")


def test_a_split_that_cannot_be_loaded_is_kept_as_its_error(tmp_path: Path) -> None:
    good, bad = tmp_path / "train.parquet", tmp_path / "dev.parquet"
    datasets.Dataset.from_dict({"a": [1]}).to_parquet(str(good))
    bad.write_bytes(b"PAR1 and nothing")
    parts = load_parts({"train": [good], "dev": [bad]})
    assert len(parts["train"]) == 1 and isinstance(parts["dev"], UserError)
    with pytest.raises(UserError, match=r"dev.parquet: expected a parquet file"):
        load_parts({"dev": [bad]})


@pytest.mark.parametrize(
    ("name", "is_one"), [("lhoestq/conll2003", True), ("conll2003", True), ("train.jsonl", False), ("a/b/c", False)]
)
def test_hub_names_look_like_no_file(name: str, is_one: bool) -> None:
    assert is_hub_name(name) is is_one
