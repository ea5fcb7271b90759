"""Tags written in other ways than ``B-person``."""

from pathlib import Path
from typing import Any

import pytest

from gner.data.annotations.tag_syntax import PLAIN, PREFIX, find_syntax
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.writers import write_json


def _read(folder: Path, **splits: list[str]) -> SourceReader:
    for split, sentences in splits.items():
        rows = [{"tokens": [f"w{at}" for at, _ in enumerate(tags.split())], "tags": tags.split()} for tags in sentences]
        write_json(folder / f"{split}.jsonl", rows, lines=True)
    return SourceReader(Source(str(folder)))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("B_PER I_PER O B_LOC", "B-PER I-PER O B-LOC"),
        ("PER-B PER-I O LOC-B", "B-PER I-PER O B-LOC"),
        ("PER_B PER_I O LOC_B", "B-PER I-PER O B-LOC"),
        ("PER-B PER-L O LOC-U", "B-PER I-PER O B-LOC"),
        ("B_PER E_PER O S_LOC", "B-PER I-PER O B-LOC"),
        ("person-a-B person-a-I O O", "B-person-a I-person-a O O"),
        ("b-PER i-PER o b-LOC", "B-PER I-PER O B-LOC"),
        ("B:PER I:PER O B:LOC", "B-PER I-PER O B-LOC"),
        ("PER.B PER.I O LOC.B", "B-PER I-PER O B-LOC"),
        ("vitamin-E vitamin-E O O", "B-vitamin-E I-vitamin-E O O"),
        ("PER PER O vitamin-B", "B-PER I-PER O B-vitamin-B"),
    ],
)
def test_types_are_read_once_and_entities_whole(written: str, read: str, tmp_path: Path) -> None:
    reader = _read(tmp_path, train=[written])
    [example] = reader.read("train")
    assert " ".join(example.tags) == read
    assert "converted to IOB2" in reader.detail("train")


def test_tags_without_types_have_the_name_of_the_dataset_as_type(tmp_path: Path) -> None:
    folder = tmp_path / "chemicals"
    folder.mkdir()
    [example, other] = _read(folder, train=["B I O B", "O B"]).read("train")
    assert example.tags == ("B-chemicals", "I-chemicals", "O", "B-chemicals")
    assert (other.tags, other.types) == (("O", "B-chemicals"), ("chemicals",))
    [renamed, _] = SourceReader(Source(str(folder), types={"chemicals": "chemical"})).read("train")
    assert renamed.tags[0] == "B-chemical"


def test_a_way_of_writing_belongs_to_all_files_of_a_source(tmp_path: Path) -> None:
    reader = _read(tmp_path, train=["O vitamin-A vitamin-B"], dev=["O vitamin-B"])
    assert reader.read("dev")[0].tags == ("O", "B-vitamin-B")
    assert set(reader.read("train")[0].types) == {"vitamin-A", "vitamin-B"}


def test_files_that_write_tags_in_two_ways_are_refused(tmp_path: Path) -> None:
    splits = {"train": ["PER-B O", "PER-B PER-I"], "dev": ["B-PER O"]}
    for first, second in (("train", "dev"), ("dev", "train")):
        reader = _read(tmp_path, **splits)
        reader.read(first)
        with pytest.raises(UserError, match=rf"\({second}\): expected tags such as .*, as in the other files"):
            reader.read(second)


@pytest.mark.parametrize(
    ("tags", "syntax"),
    [
        (["O", "B-B", "I-B"], PREFIX),
        (["O", "B-PER", "PER-B"], None),
        (["NOUN", "VERB"], None),
        (["O", "NOUN"], PLAIN),
        ([], None),
    ],
)
def test_unclear_tags_have_no_syntax(tags: list[str], syntax: Any) -> None:
    assert find_syntax(tags) is syntax


@pytest.mark.parametrize("action", ["refuse", "repair"])
def test_invalid_sequences_are_counted_and_can_be_repaired(action: Any, tmp_path: Path) -> None:
    content = "Le\tB-org\nx\tO\n\n" + "f\tI-org\ng\tI-org\n\n" * 3 + "Bern\tB-loc\nOslo\tB-loc\n"
    (tmp_path / "train.tsv").write_text(content)
    reader = SourceReader(Source(str(tmp_path), invalid_tags=action))
    if action == "refuse":
        places = ".*".join(f"train.tsv:{line}: " for line in (4, 7, 10))
        with pytest.raises(UserError, match=f"(?s)not IOB2 in 3 of 5 sentences.*{places}.*repair"):
            reader.read("train")
    else:
        assert [example.tags for example in reader.read("train")][1:4] == [("B-org", "I-org")] * 3
        assert reader.reports["train"].counts() == {"repaired": 3}
        assert "repaired" in reader.detail("train")
