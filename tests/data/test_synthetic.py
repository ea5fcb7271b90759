from pathlib import Path

import pytest

from gner.bio import to_entities
from gner.data.reading.run_sources import read_dataset
from gner.data.reading.splits import Split
from gner.data.synthetic import TYPES, SyntheticCorpus
from gner.errors import UserError
from gner.records import Example


def _names(examples: list[Example]) -> list[str]:
    return [" ".join(example.words[e.start : e.end]) for example in examples for e in to_entities(example.tags)]


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> dict[Split, list[Example]]:
    root = tmp_path_factory.mktemp("corpus")
    SyntheticCorpus(num_train=3000, num_dev=300).write(root)
    wanted: tuple[Split, ...] = ("train", "dev", "test")
    return {split: read_dataset(root, "synthetic", split) for split in wanted}


def test_most_dev_names_never_occur_in_train(splits: dict[Split, list[Example]]) -> None:
    seen = set(_names(splits["train"]))
    for split in ("dev", "test"):
        names = _names(splits[split])
        assert sum(name not in seen for name in names) >= len(names) / 2


def test_the_corpus_has_what_real_ones_have(splits: dict[Split, list[Example]]) -> None:
    examples = splits["train"]
    entities = [entity for example in examples for entity in to_entities(example.tags)]
    assert {entity.type for entity in entities} == set(TYPES)
    assert any(entity.end - entity.start > 2 for entity in entities)
    assert any(not to_entities(example.tags) for example in examples)
    words = {word for example in examples for word in example.words}
    assert {"Inc.", "9:30", "n't", "'s", ","} <= words


def test_the_same_numbers_give_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        SyntheticCorpus(num_train=50, num_dev=5).write(tmp_path / name)
    for path in (tmp_path / "a" / "synthetic").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "synthetic" / path.name).read_bytes()


def test_a_corpus_is_written_again_only_when_it_changes(tmp_path: Path) -> None:
    folder = SyntheticCorpus(num_train=5, num_dev=1).write(tmp_path)
    before = (folder / "train.txt").stat().st_mtime_ns
    SyntheticCorpus(num_train=5, num_dev=1).write(tmp_path)
    assert (folder / "train.txt").stat().st_mtime_ns == before
    SyntheticCorpus(num_train=6, num_dev=1).write(tmp_path)
    assert len(read_dataset(tmp_path, "synthetic", "train")) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["synthetic"]


def test_other_peoples_data_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "synthetic").mkdir()
    (tmp_path / "synthetic" / "train.txt").write_text("precious\tO\n")
    with pytest.raises(UserError, match=r"other data is there.*data\.synthetic\.name"):
        SyntheticCorpus().write(tmp_path)
    assert (tmp_path / "synthetic" / "train.txt").read_text() == "precious\tO\n"
