"""Which types the sentences of a source offer."""

from pathlib import Path

import pytest

from gner.data.annotations.spans import Sentence
from gner.data.reading.label_sets import common_types, count_types, offered_types
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.reading.readers import read_source
from tests.data.writers import WRITERS, write_json


def test_undeclared_types_are_added_and_reported(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    (tmp_path / "label.txt").write_text("place\n")
    reader = SourceReader(Source(str(tmp_path)))
    assert reader.read("train")[0].types == ("place", "person")
    assert reader.reports["train"].counts() == {"unknown_type": 3}


def test_a_type_outside_a_configured_list_raises(tmp_path: Path) -> None:
    WRITERS["conll with spaces"](tmp_path)
    with pytest.raises(UserError, match=r"train.txt:3: the type `person` is not in the `types` .*Did you mean `persn`"):
        read_source(tmp_path, types=["persn", "place"])


def test_a_source_without_any_type_raises(tmp_path: Path) -> None:
    write_json(tmp_path / "a.jsonl", [{"tokens": ["a"], "tags": ["O"]}], lines=True)
    with pytest.raises(UserError, match=r"a.jsonl: expected entities, found none, .*Set `types`"):
        read_source(tmp_path / "a.jsonl")
    assert read_source(tmp_path / "a.jsonl", types=["x"])[0].types == ("x",)


def test_with_too_many_types_for_a_prompt_each_sentence_offers_its_own(tmp_path: Path) -> None:
    rows = [{"tokens": ["a", "b"], "tags": [f"B-t{number:03}", "B-t000"]} for number in range(200)]
    write_json(tmp_path / "a.jsonl", [*rows, {"tokens": ["a"], "tags": ["O"]}], lines=True)
    examples = read_source(tmp_path / "a.jsonl")
    assert examples[7].types == ("t007", "t000")
    assert len(examples[-1].types) == 10


def test_source_types_override_sentence_types(tmp_path: Path) -> None:
    rows = [{"tokens": ["a"], "tags": ["B-x"], "types": ["x"]}, {"tokens": ["a"], "tags": ["B-y"], "types": ["z"]}]
    write_json(tmp_path / "a.jsonl", rows, lines=True)
    assert [one.types for one in read_source(tmp_path / "a.jsonl", types=["y", "x"])] == [("y", "x")] * 2
    assert [one.types for one in read_source(tmp_path / "a.jsonl")] == [("x",), ("z", "y")]
    with pytest.raises(UserError, match="the type `y` is not in the `types`"):
        read_source(tmp_path / "a.jsonl", types=["x"])


def test_a_sentence_offers_its_own_types_or_those_of_the_source() -> None:
    plain = Sentence(("Ada", "left"), ("B-x", "O"), "a:1")
    assert offered_types(plain._replace(types=("y",)), ["x"], ["z"]) == ("y",)
    assert offered_types(plain, ["x", "y"], ["z"]) == ("x", "y")
    assert offered_types(plain, [], ["z"]) == ("x",)  # too many types to list: only those of its entities
    assert offered_types(plain._replace(tags=("O", "O")), [], ["z"]) == ("z",)


def test_common_types_are_the_most_frequent_in_the_order_of_the_alphabet() -> None:
    sentences = [Sentence(("a",), (f"B-t{number:02}",), "a:1") for number in range(20) for _ in range(20 - number)]
    counts = count_types(sentences)
    assert counts["t00"] == 20 and counts["t19"] == 1
    assert common_types(counts) == tuple(f"t{number:02}" for number in range(10))
