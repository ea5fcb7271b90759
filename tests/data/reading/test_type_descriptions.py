"""Tests of what types mean in a source."""

import json
from pathlib import Path

import pytest

from gner.cli import GnerCLI
from gner.data.reading.run_sources import Inputs
from gner.data.reading.source import Source
from gner.data.reading.type_descriptions import known_descriptions
from gner.errors import UserError
from tests.conftest import make_example


def _read(path: Path, descriptions: dict[str, str]) -> list[tuple[tuple[str, str], ...]]:
    source = Source(str(path), types={"PER": "person"}, descriptions=descriptions)
    [group] = Inputs(path.parent, {"train": [source]}, scheme="auto", max_examples={}, seed=0).read("train")
    return [example.descriptions for example in group.examples]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    rows = [{"words": ["Ada", "in", "Rome"], "tags": ["B-PER", "O", "B-city"]}, {"words": ["Bob"], "tags": ["B-PER"]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_types_are_described_by_their_new_names_in_the_order_of_the_types(file: Path) -> None:
    found = _read(file, {"person": "a human", "city": "a town"})
    assert found == [(("city", "a town"), ("person", "a human"))] * 2


def test_a_description_of_no_type_is_told(file: Path) -> None:
    with pytest.warns(UserWarning, match="`descriptions` has the key `persn`.*Did you mean `person`"):
        assert _read(file, {"persn": "a human"}) == [(), ()]


def test_the_first_description_of_a_type_is_kept() -> None:
    one, other = make_example("Ada/B-person"), make_example("Bob/B-person")
    described = [
        type(one)(one.words, one.tags, one.types, "a", "0", descriptions=(("person", "a human"),)),
        type(other)(other.words, other.tags, other.types, "b", "0", descriptions=(("person", "a dog"), ("x", "y"))),
    ]
    assert known_descriptions(described) == {"person": "a human", "x": "y"}


def test_they_are_an_option_of_the_config(config: Path, file: Path) -> None:
    source = {"path": str(file), "descriptions": {"PER": "a human"}}
    cli = GnerCLI("fit", ["--config", str(config), "--data.train", json.dumps([source])])
    assert cli.config.data.train[0].descriptions == {"PER": "a human"}
    with pytest.raises((SystemExit, UserError)):
        GnerCLI("fit", ["--config", str(config), "--data.train", json.dumps([source | {"descriptions": "a human"}])])
