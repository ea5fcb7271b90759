"""File formats are detected from the content."""

from pathlib import Path

import pytest

from gner.data.reading.detect import find_file_format, open_source
from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.reading.readers import read_source
from tests.data.writers import WRITERS, write_json


def test_the_detected_format_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "eng.train"
    path.write_text("-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n")
    reader = SourceReader(Source(str(path)))
    assert reader.read("train")[0].tags == ("B-ORG", "O")
    with caplog.at_level("INFO"):
        reader.log("train")
    assert f"{path}: read as CoNLL (space separated, IOB1; converted to IOB2)." in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Once upon a time there was\n", r"expected one of gner, .*conll, .* found a file that starts with 'Once"),
        ('{"question": "?"}\n', r"expected JSON of one of .* found an object with question\. Set `columns`"),
        ('{"tokens": ["a"], \n', r"a.txt:2: expected JSON"),
        ('[{"tokens": ["a"], "tags": ["O"]}\n', r"a.txt:2: expected JSON, found no `,` or `\]` after item 1"),
        ("", r"found a file that starts with ''"),
    ],
)
def test_unknown_formats_raise(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(UserError, match=message):
        read_source(tmp_path / "a.txt")


def test_the_error_names_the_other_format_of_a_split(tmp_path: Path) -> None:
    write_json(tmp_path / "train.jsonl", [{"tokens": ["a"], "tags": ["B-x"]}], lines=True)
    (tmp_path / "dev.conll").write_text("Ada B-x\n")
    with pytest.raises(UserError, match=r"dev.conll: expected words with tags, .* found CoNLL\. Give this file"):
        read_source(tmp_path, "dev")


@pytest.mark.parametrize("name", WRITERS)
def test_the_format_of_each_tool_is_detected(name: str, tmp_path: Path) -> None:
    """Named as the format, with the variant after a space."""
    WRITERS[name](tmp_path)
    opened = open_source(str(tmp_path), None, None, {})
    assert opened.format.name == {"parquet": "words", "saved": "words"}.get(name, name.partition(" ")[0])
    expected = ["train", "validation" if name == "saved" else "dev", "test"]
    assert list(opened.parts) == expected


def test_most_of_the_records_decide_the_kind_of_json(tmp_path: Path) -> None:
    spans, words = {"text": "a", "spans": []}, {"tokens": ["a"], "tags": ["O"]}
    write_json(tmp_path / "a.json", [spans, words, words, {"other": 1}])
    assert find_file_format(tmp_path / "a.json", {}).name == "words"
