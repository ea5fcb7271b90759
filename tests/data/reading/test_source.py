"""Options of a source."""

from dataclasses import replace
from pathlib import Path

import pytest
from jsonargparse import ArgumentParser

from gner.data.reading.source import Source, choose_examples, union_of_types
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from gner.records import Example
from tests.conftest import make_example


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": 0.0}, "`weight` > 0"),
        ({"max_examples": 0}, "`max_examples` >= 1"),
        ({"format": "xml"}, "to be auto, gner"),
        ({"types": ["a", "a"]}, "each type once"),
        ({"path": ""}, "got nothing"),
        ({"columns": {"word": "w"}}, "got `word`. Did you mean `words`"),
        ({"misaligned": "widen"}, "`misaligned` to be expand"),
        ({"scheme": "BIO"}, "`scheme` to be auto, IOB2"),
    ],
)
def test_bad_options_raise(options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SourceReader(Source(**{"path": "x", **options}))  # type: ignore[arg-type]


def test_columns_can_be_numbers_in_yaml() -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--source", type=Source)
    found = parser.parse_string("source: {path: a.iob2, columns: {words: 2, tags: ner}}").source
    assert found.columns == {"words": 2, "tags": "ner"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("news", "news"),
        ("news/train.json", "news"),
        ("news-train.json", "news"),
        ("someone/corpus", "corpus"),
        ("a/wnut17train.conll", "wnut17"),
    ],
)
def test_a_data_set_is_named_after_its_path(path: str, name: str, tmp_path: Path) -> None:
    whole = tmp_path / path
    whole.parent.mkdir(parents=True, exist_ok=True)
    if whole.suffix:
        whole.touch()
    assert Source(str(whole)).dataset == name
    assert Source(str(whole), name="own").dataset == "own"


def test_examples_are_chosen_by_the_seed_and_keep_their_order(examples: list[Example]) -> None:
    assert choose_examples(examples, None, "a") == choose_examples(examples, 99, "a") == examples
    chosen = {seed: choose_examples(examples, 3, seed) for seed in "abcdefgh"}
    for some in chosen.values():
        positions = [examples.index(example) for example in some]
        assert len(positions) == 3 and positions == sorted(positions)
    assert len({tuple(example.id for example in some) for some in chosen.values()}) > 1
    assert choose_examples(examples, 3, "a") == chosen["a"]


def test_types_of_a_data_set_are_those_of_its_sentences_in_their_order() -> None:
    examples = [make_example("a/O", types=types) for types in (("x", "y"), ("z", "y"), ("x", "y"))]
    examples.append(replace(examples[0], dataset="other"))
    assert union_of_types(examples) == {"toy": ("x", "y", "z"), "other": ("x", "y")}
