"""Which files of a folder are which split."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.data.reading.split_names import Split, split_of
from gner.data.reading.splits import choose_part, find_parts, roles, siblings, unread_files
from gner.errors import UserError
from gner.records import Example
from tests.data.reading.readers import read_source
from tests.data.writers import WRITERS, pairs, write_json


def _write(folder: Path, *names: str) -> Path:
    """Files with one sentence each, whose first word is the stem of their name."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{path.stem}\tB-person\nleft\tO\n", encoding="utf-8")
    return folder


def _names(folder: Path) -> dict[str, list[str]]:
    parts = find_parts(folder, by_file=True)
    return {split: [str(path.relative_to(folder)) for path in paths] for split, paths in parts.items()}


def _read(path: Path, wanted: str, **options: object) -> list[Example]:
    reader = SourceReader(Source(str(path), **options))  # type: ignore[arg-type]
    return reader.read(reader.part_for(wanted))  # type: ignore[arg-type]


def test_several_files_are_one_split_in_natural_order(tmp_path: Path) -> None:
    _write(tmp_path, "train10.txt", "train2.txt", "train1.txt", "devset.txt", "TestSet.txt")
    assert _names(tmp_path) == {
        "train": ["train1.txt", "train2.txt", "train10.txt"],
        "dev": ["devset.txt"],
        "test": ["TestSet.txt"],
    }
    assert [one.words[0] for one in _read(tmp_path, "train")] == ["train1", "train2", "train10"]


def test_a_corpus_with_its_name_before_the_split_is_read(tmp_path: Path) -> None:
    _write(tmp_path, *(f"NCBI{split}set_corpus.txt" for split in ("train", "develop", "test")))
    for split in ("train", "dev", "test"):
        assert _read(tmp_path, split)[0].words[0].startswith(f"NCBI{split}")


@pytest.mark.parametrize(
    ("beside", "split"),
    [(["train"], "dev"), (["train", "dev"], "test"), (["train", "test"], "dev"), (["train", "dev", "test"], None)],
)
def test_eval_is_dev_or_test_depending_on_what_is_beside_it(
    beside: list[str], split: str | None, tmp_path: Path
) -> None:
    _write(tmp_path, "eval.txt", *(f"{name}.txt" for name in beside))
    found = {name: split for split, names in _names(tmp_path).items() for name in names}
    assert found["eval.txt"] == (split or "all")
    assert roles([*beside, "eval"]).get("eval") == split


def test_a_folder_tells_the_split_before_its_files(tmp_path: Path) -> None:
    _write(tmp_path, "train_set/test.txt", "evaluation/a.txt")
    assert _names(tmp_path) == {"train": ["train_set/test.txt"], "dev": ["evaluation/a.txt"]}


def test_a_folder_with_two_splits_in_its_name_leaves_it_to_its_files(tmp_path: Path) -> None:
    _write(tmp_path, "train_test_split/train.txt", "train_test_split/test.txt")
    assert _names(tmp_path) == {"train": ["train_test_split/train.txt"], "test": ["train_test_split/test.txt"]}


def test_several_files_of_no_known_split_are_refused_unless_told(tmp_path: Path) -> None:
    _write(tmp_path, *(f"part{number}.txt" for number in range(1, 8)), "guidelines.txt", "README.md")
    for split in ("train", "dev", "test"):
        with pytest.raises(UserError, match=r"tell their split.* part1.txt, .*part5.txt and 2 more\. .*`all` reads"):
            _read(tmp_path, split)
    with pytest.raises(UserError, match="tell their split"):
        SourceReader(Source(str(tmp_path))).chosen_parts()
    assert len(_read(tmp_path, "train", split="all")) == len(_read(tmp_path, "dev", split="all")) == 7


def test_a_single_file_and_a_folder_with_one_are_read_for_any_split(tmp_path: Path) -> None:
    _write(tmp_path, "notes.txt")
    for split in ("train", "dev", "test"):
        assert _read(tmp_path, split) == _read(tmp_path / "notes.txt", split, name=tmp_path.name)


def test_a_folder_of_documents_is_read_for_any_split(tmp_path: Path) -> None:
    for name in ("train", "b"):
        (tmp_path / f"{name}.txt").write_text("Ada left.", encoding="utf-8")
        (tmp_path / f"{name}.ann").write_text("T1\tperson 0 3\tAda\n", encoding="utf-8")
    assert len(_read(tmp_path, "train")) == len(_read(tmp_path, "dev")) == 2


def test_all_reads_the_files_of_all_splits(tmp_path: Path) -> None:
    _write(tmp_path, "train.txt", "dev.txt", "more.txt")
    assert [one.words[0] for one in _read(tmp_path, "train")] == ["train"]
    assert [one.words[0] for one in _read(tmp_path, "train", split="all")] == ["train", "dev", "more"]
    assert SourceReader(Source(str(tmp_path), split="all")).chosen_parts() == ["all"]


def test_a_file_is_read_alone_though_others_are_of_its_split(tmp_path: Path) -> None:
    _write(tmp_path, "dev.txt", "valid.txt", "dev2.txt", "train.txt")
    for name in ("dev", "valid", "dev2"):
        assert [one.words[0] for one in _read(tmp_path / f"{name}.txt", "dev")] == [name]
    assert [one.words[0] for one in _read(tmp_path / "dev.txt", "dev", split="all")] == ["dev"]


@pytest.mark.parametrize(
    ("names", "wanted", "split", "found"),
    [
        (["train", "validation"], "dev", None, "validation"),
        (["training", "eval"], "dev", None, "eval"),
        (["train", "validation", "eval"], "test", None, "eval"),
        (["train_sft", "train"], "train", None, "train"),
        (["trainset", "testset"], "train", "Train", "trainset"),
        (["train", "test"], "dev", "eval", "test"),
        (["all"], "dev", None, "all"),
    ],
)
def test_a_split_is_found_by_a_synonym(names: list[str], wanted: str, split: str | None, found: str) -> None:
    assert choose_part("x", names, wanted, split) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "split", "message"),
    [
        (["train", "Gold"], "gold", r"a split called gold, found train, Gold\. Did you mean `Gold`\? Set `split`"),
        (["train_sft", "train"], "train_sfx", "Did you mean `train_sft`"),
        (["train", "dev", "test"], "eval", "a split called eval, found train, dev, test"),
        (["train"], None, "a split called dev or validation, found train"),
    ],
)
def test_an_unknown_split_is_answered_with_those_that_there_are(
    names: list[str], split: str | None, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        choose_part("x", names, "dev", split)


def test_a_source_can_set_its_split(tmp_path: Path) -> None:
    WRITERS["words"](tmp_path)
    assert [one.words for one in read_source(tmp_path, split="train")] == [words for words, _ in pairs("train")]
    reader = SourceReader(Source(str(tmp_path), split="validation"))
    assert [one.words for one in reader.read(reader.part_for("train"))] == [words for words, _ in pairs("dev")]
    with pytest.raises(UserError, match=r"a split called third, found train, dev, test"):
        SourceReader(Source(str(tmp_path), split="third")).part_for("train")


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


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.jsonl", "train"),
        ("eng.testa", "dev"),
        ("eng.testb", "test"),
        ("validation-00000-of-00001.parquet", "dev"),
        ("en_ewt-ud-dev.iob2", "dev"),
        ("wnut17train.conll", "train"),
        ("TRAINING.TXT", "train"),
        ("latest.json", None),
        ("constraints.txt", None),
        ("developers.json", None),
    ],
)
def test_the_split_is_a_word_of_a_name(name: str, split: str | None) -> None:
    assert split_of(name) == split


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_files_of_each_split_are_found_and_others_left_out(tmp_path: Path) -> None:
    _touch(tmp_path, "train-0.json", "train-1.json", "dev.json", "README.md", "label.txt", ".git/train.json")
    parts = find_parts(tmp_path, by_file=True)
    names = {part: [path.name for path in paths] for part, paths in parts.items()}
    assert names == {"train": ["train-0.json", "train-1.json"], "dev": ["dev.json"]}
    assert unread_files(tmp_path, parts) == []


def test_folders_are_splits_too(tmp_path: Path) -> None:
    _touch(tmp_path, "train/1.txt", "train/2.txt", "test/1.txt")
    parts = find_parts(tmp_path, by_file=False)
    assert {part: len(paths) for part, paths in parts.items()} == {"train": 2, "test": 1}


def test_a_split_that_may_be_there_twice_is_refused(tmp_path: Path) -> None:
    _touch(tmp_path, "train.json", "train.conll")
    with pytest.raises(UserError, match=r"files of one kind for train, found train\.conll, train\.json"):
        find_parts(tmp_path, by_file=True)


def test_siblings_differ_in_the_split_only(tmp_path: Path) -> None:
    _touch(tmp_path, "news-train.json", "news-dev.json", "news-test.json", "mail-dev.json", "news-dev.conll", "x.json")
    found = siblings(tmp_path / "news-train.json")
    assert [path.name for path in found] == ["news-dev.json", "news-test.json"]


@pytest.mark.parametrize(
    ("parts", "wanted", "split", "expected"),
    [
        (["train", "validation"], "dev", None, "validation"),
        (["all"], "test", None, "all"),
        (["train", "extra"], "train", "extra", "extra"),
        (["train", "validation"], "train", "dev", "validation"),
    ],
)
def test_a_part_has_the_name_of_the_split_or_a_synonym(
    parts: list[str], wanted: Split, split: str | None, expected: str
) -> None:
    assert choose_part("a", parts, wanted, split) == expected
