"""Reading sources as a user configures them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.reading.readers import read_source
from tests.data.writers import SPLITS, WRITERS, pairs

Write = Callable[..., Path]


@pytest.mark.parametrize("name", WRITERS)
def test_a_corpus_comes_back_from_each_format_with_its_words_tags_and_types(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    WRITERS[name](folder)
    reader = SourceReader(Source(str(folder)))
    for split in SPLITS:
        examples = reader.read(reader.part_for(split))  # type: ignore[arg-type]
        assert [(example.words, example.tags) for example in examples] == pairs(split)
        assert {frozenset(example.types) for example in examples} == {frozenset(("person", "place"))}
        assert {example.dataset for example in examples} == {"corpus"}
        assert [example.id for example in examples] == [str(number) for number in range(len(examples))]
        assert all(str(folder) in example.source for example in examples)
    assert not any(report.notes for report in reader.reports.values())


@pytest.mark.parametrize("name", ["gner", "conll with spaces", "spans", "docbin", "parquet", "instruct_uie"])
def test_a_file_is_read_for_any_split_and_offers_the_types_of_its_siblings(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path)
    path = next(path for path in tmp_path.iterdir() if path.name.startswith(("dev", "validation")))
    assert [(one.words, one.tags) for one in read_source(path, "train")] == pairs("dev")
    path = next(path for path in tmp_path.iterdir() if path.name.startswith("dev") or path.name.startswith("test"))
    assert set(read_source(path)[0].types) == {"person", "place"}


@pytest.mark.parametrize("name", ["gner", "conll with tabs", "words", "spans", "pile_ner", "gliner", "docbin", "saved"])
def test_types_are_renamed_and_dropped(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path)
    reader = SourceReader(Source(str(tmp_path), types={"person": "human", "place": None}))
    examples = reader.read("train")
    assert examples[0].tags == ("B-human", "I-human", "O", "O", "O", "O")
    assert {example.types for example in examples} == {("human",)}
    assert reader.reports["train"].counts() == {"dropped_type": 2}
    assert {tag for example in read_source(tmp_path, types={"place": "place", "*": None}) for tag in example.tags} == {
        *("O", "B-place", "I-place")
    }


def test_a_split_that_cannot_be_read_does_not_affect_another(tmp_path: Path) -> None:
    WRITERS["conll with spaces"](tmp_path)
    (tmp_path / "test.txt").write_text("Ada _\nleft _\n")
    with pytest.warns(UserWarning, match=r"types of .*\(test\) are not used"):
        assert len(read_source(tmp_path)) == 3


def test_missing_sources_raise(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing.jsonl, but it does not exist"):
        read_source(tmp_path / "nothing.jsonl")
    with pytest.raises(UserError, match=r"`nobody/nothing` to be a dataset of the Hugging Face hub"):
        read_source(Path("nobody/nothing"))
    with pytest.raises(UserError, match=r"tests/nothing, but it does not exist"):  # the folder exists
        read_source(Path("tests/nothing"))
    with pytest.raises(UserError, match=r"expected a folder with data files"):
        read_source(tmp_path)


def test_unmatched_keys_of_types_give_a_warning(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    with pytest.warns(UserWarning, match=r"`types` has the key `persn`, but nothing has that type. Did you mean"):
        read_source(tmp_path, types={"persn": "human", "place": "place", "*": None})
