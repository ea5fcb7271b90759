"""Reading sources as a user configures them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from jsonargparse import ArgumentParser

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from gner.records import Example
from tests.data.writers import SPLITS, WRITERS, pairs, write_json

Write = Callable[..., Path]


def _read(path: Path, split: str = "train", **options: object) -> list[Example]:
    reader = SourceReader(Source(str(path), **options))  # type: ignore[arg-type]
    return reader.read(reader.part_for(split))  # type: ignore[arg-type]


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
    assert [(one.words, one.tags) for one in _read(path, "train")] == pairs("dev")
    path = next(path for path in tmp_path.iterdir() if path.name.startswith("dev") or path.name.startswith("test"))
    assert set(_read(path)[0].types) == {"person", "place"}


def test_a_source_can_set_its_split(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    assert [one.words for one in _read(tmp_path, split="train")] == [words for words, _ in pairs("train")]
    reader = SourceReader(Source(str(tmp_path), split="validation"))
    assert [one.words for one in reader.read(reader.part_for("train"))] == [words for words, _ in pairs("dev")]
    with pytest.raises(UserError, match=r"a split called third, found train, dev, test"):
        SourceReader(Source(str(tmp_path), split="third")).part_for("train")


def test_types_are_sorted_or_in_the_order_of_a_list_beside_the_data(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    assert _read(tmp_path)[0].types == ("person", "place")
    (tmp_path / "labels.json").write_text('["place", "event", "person"]')
    assert _read(tmp_path)[0].types == ("place", "event", "person")
    assert _read(tmp_path, types=["place", "person"])[0].types == ("place", "person")


def test_undeclared_types_are_added_and_reported(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    (tmp_path / "label.txt").write_text("place\n")
    reader = SourceReader(Source(str(tmp_path)))
    assert reader.read("train")[0].types == ("place", "person")
    assert reader.reports["train"].counts() == {"unknown_type": 3}


def test_an_undeclared_type_in_another_case_is_answered_with_the_declared_one(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    (tmp_path / "label.txt").write_text("PERSON\nplace\n")
    reader = SourceReader(Source(str(tmp_path)))
    reader.read("train")
    assert {note.what for note in reader.reports["train"].notes} == {"`person`. Did you mean `PERSON`?"}


@pytest.mark.parametrize("name", ["gner", "conll with tabs", "words", "spans", "pile_ner", "gliner", "docbin", "saved"])
def test_types_are_renamed_and_dropped(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path)
    reader = SourceReader(Source(str(tmp_path), types={"person": "human", "place": None}))
    examples = reader.read("train")
    assert examples[0].tags == ("B-human", "I-human", "O", "O", "O", "O")
    assert {example.types for example in examples} == {("human",)}
    assert reader.reports["train"].counts() == {"dropped_type": 2}
    assert {tag for example in _read(tmp_path, types={"place": "place", "*": None}) for tag in example.tags} == {
        *("O", "B-place", "I-place")
    }


def test_a_type_outside_a_configured_list_raises(tmp_path: Path) -> None:
    WRITERS["conll with spaces"](tmp_path)
    with pytest.raises(UserError, match=r"train.txt:3: the type `person` is not in the `types` .*Did you mean `persn`"):
        _read(tmp_path, types=["persn", "place"])
    with pytest.raises(UserError, match=r"which are PERSON, PLACE. Did you mean `PERSON`"):
        _read(tmp_path, types=["PERSON", "PLACE"])


def test_a_source_without_any_type_raises(tmp_path: Path) -> None:
    write_json(tmp_path / "a.jsonl", [{"tokens": ["a"], "tags": ["O"]}], lines=True)
    with pytest.raises(UserError, match=r"a.jsonl: expected entities, found none, .*Set `types`"):
        _read(tmp_path / "a.jsonl")
    assert _read(tmp_path / "a.jsonl", types=["x"])[0].types == ("x",)


def test_with_too_many_types_for_a_prompt_each_sentence_offers_its_own(tmp_path: Path) -> None:
    rows = [{"tokens": ["a", "b"], "tags": [f"B-t{number:03}", "B-t000"]} for number in range(200)]
    write_json(tmp_path / "a.jsonl", [*rows, {"tokens": ["a"], "tags": ["O"]}], lines=True)
    examples = _read(tmp_path / "a.jsonl")
    assert examples[7].types == ("t007", "t000")
    assert len(examples[-1].types) == 10


def test_a_split_that_cannot_be_read_does_not_affect_another(tmp_path: Path) -> None:
    WRITERS["conll with spaces"](tmp_path)
    (tmp_path / "test.txt").write_text("Ada _\nleft _\n")
    with pytest.warns(UserWarning, match=r"types of .*\(test\) are not used"):
        assert len(_read(tmp_path)) == 3


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
        _read(tmp_path / "a.txt")


def test_missing_sources_raise(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing.jsonl, but it does not exist"):
        _read(tmp_path / "nothing.jsonl")
    with pytest.raises(UserError, match=r"`nobody/nothing` to be a dataset of the Hugging Face hub"):
        _read(Path("nobody/nothing"))
    with pytest.raises(UserError, match=r"tests/nothing, but it does not exist"):  # the folder exists
        _read(Path("tests/nothing"))
    with pytest.raises(UserError, match=r"expected a folder with data files"):
        _read(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": 0.0}, "`weight` > 0"),
        ({"max_examples": 0}, "`max_examples` >= 1"),
        ({"format": "xml"}, "to be auto, gner"),
        ({"format": "CoNLL"}, "got `CoNLL`. Did you mean `conll`"),
        ({"scheme": "iob2"}, "got `iob2`. Did you mean `IOB2`"),
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


def test_source_types_override_sentence_types(tmp_path: Path) -> None:
    rows = [{"tokens": ["a"], "tags": ["B-x"], "types": ["x"]}, {"tokens": ["a"], "tags": ["B-y"], "types": ["z"]}]
    write_json(tmp_path / "a.jsonl", rows, lines=True)
    assert [one.types for one in _read(tmp_path / "a.jsonl", types=["y", "x"])] == [("y", "x")] * 2
    assert [one.types for one in _read(tmp_path / "a.jsonl")] == [("x",), ("z", "y")]
    with pytest.raises(UserError, match="the type `y` is not in the `types`"):
        _read(tmp_path / "a.jsonl", types=["x"])


def test_unmatched_keys_of_types_give_a_warning(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    with pytest.warns(UserWarning, match=r"`types` has the key `persn`, but nothing has that type. Did you mean"):
        _read(tmp_path, types={"persn": "human", "place": "place", "*": None})
    with pytest.warns(UserWarning, match=r"the key `PER`, but nothing has that type. Did you mean `per`"):
        write_json(tmp_path / "a.jsonl", [{"tokens": ["Ada"], "tags": ["B-per"]}], lines=True)
        _read(tmp_path / "a.jsonl", types={"PER": "person"})


def test_files_of_no_split_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    WRITERS["words"](tmp_path)
    write_json(tmp_path / "more.jsonl", [{"tokens": ["a"], "tags": ["O"]}], lines=True)
    (tmp_path / "old").mkdir()
    write_json(tmp_path / "old" / "older.jsonl", [])
    reader = SourceReader(Source(str(tmp_path)))
    reader.read("train")
    with caplog.at_level("INFO"):
        reader.log("train")
    assert "files that belong to no split: more.jsonl, old/older.jsonl." in caplog.text


def test_the_error_names_the_other_format_of_a_split(tmp_path: Path) -> None:
    write_json(tmp_path / "train.jsonl", [{"tokens": ["a"], "tags": ["B-x"]}], lines=True)
    (tmp_path / "dev.conll").write_text("Ada B-x\n")
    with pytest.raises(UserError, match=r"dev.conll: expected words with tags, .* found CoNLL\. Give this file"):
        _read(tmp_path, "dev")
