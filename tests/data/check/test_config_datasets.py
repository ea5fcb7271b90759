"""``python -m gner.data.check --config FILE``: which datasets of a config are there."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gner.configs import SHIPPED
from gner.data.check.__main__ import main
from gner.data.check.config_datasets import read_datasets
from gner.errors import UserError
from tests.data.writers import WRITERS, write_json


def _write(folder: Path, data: object) -> Path:
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump({"model": {"backbone": "t5"}, "data": data}), encoding="utf-8")
    return path


def _with_labels(folder: Path, labels: list[str]) -> None:
    """A dataset in CoNLL columns with an entity of each label in all splits."""
    folder.mkdir()
    lines = "".join(f"w{number} B-{label}\n" for number, label in enumerate(labels))
    for split in ("train", "dev", "test"):
        (folder / f"{split}.conll").write_text(f"the O\n{lines}\n", encoding="utf-8")


@pytest.fixture
def news(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "news").mkdir()
    WRITERS["conll with spaces"](tmp_path / "news")
    return {"path": "${data.root}/news", "types": {"place": "location"}}


def test_datasets_of_all_splits_are_counted(news: dict[str, Any], toy_root: Path, tmp_path: Path, capsys: Any) -> None:
    named = {"path": str(toy_root / "toy"), "format": "gner", "name": "toy"}
    data = {"root": str(tmp_path), "train": [news, {**named, "weight": 2}], "val": [named], "test": "${data.train}"}
    states = {state.name: state for state in read_datasets(_write(tmp_path, data))}
    assert states["news"].sentences == {"train": 3, "test": 1}
    assert states["news"].types.keys() == {"person", "location"}
    assert states["toy"].sentences.keys() == {"train", "val", "test"}
    main(["--config", str(tmp_path / "run.yaml")])
    shown = capsys.readouterr().out
    assert "news" in shown
    assert "location" in shown


def test_what_is_missing_is_told_beside_what_is_there(news: dict[str, Any], tmp_path: Path, capsys: Any) -> None:
    write_json(tmp_path / "news.jsonl", [{"text": 3}], lines=True)
    broken = {"path": str(tmp_path / "news.jsonl"), "name": "broken"}
    config = _write(tmp_path, {"root": "nowhere", "train": ["recipes", news, broken], "val": ["recipes"]})
    with pytest.raises(SystemExit) as ended:
        main(["--config", str(config), "--root", str(tmp_path)])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert ["recipes", "missing", "missing"] in [line.split() for line in out.splitlines()]
    assert "1 of 3 datasets can be read" in err
    assert err.count("recipes: ") == 1
    assert f"broken: {tmp_path / 'news.jsonl'}" in err


def test_types_of_the_papers_data_sets_are_renamed(tmp_path: Path) -> None:
    data = yaml.safe_load((SHIPPED / "supervised_18_originals.yaml").read_text(encoding="utf-8"))["data"]
    maps = {Path(source["path"]).name: source["types"] for source in data["train"]}
    for name, types in maps.items():
        _with_labels(tmp_path / name, list(types))
    states = read_datasets(SHIPPED / "supervised_18_originals.yaml", tmp_path)
    renamed = {name: sorted(filter(None, types.values())) for name, types in maps.items()}
    assert {state.name: sorted(state.types) for state in states} == renamed


def test_the_two_configs_name_the_same_data_sets(tmp_path: Path) -> None:
    names = [
        {state.name for state in read_datasets(SHIPPED / f"{config}.yaml", tmp_path)}
        for config in ("supervised_18", "supervised_18_originals")
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a\n", "expected the config of a run"),
        ("model: {}\n", "expected the config of a run, with data.root"),
        ('data: {root: x, train: "${data.none}"}\n', "data.none"),
        ("data: {root: x, train: [{paht: a}]}\n", "a source in data.train, got"),
        ("data: {root: x}\n", "expected datasets under data.train"),
        ("data: {root: x, train: conll2003}\n", "expected a list of datasets in data.train"),
        ("data: {root: x, train: [{path: a.json, weight: two}]}\n", "a.json: an option of the source"),
        ("data: [\n", "expected the config of a run in YAML"),
    ],
)
def test_other_files_are_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_datasets(tmp_path / "run.yaml")


def test_a_corpus_that_the_run_makes_up_is_not_missing(tmp_path: Path, capsys: Any) -> None:
    main(["--config", "quickstart.yaml", "--root", str(tmp_path)])
    assert "made up by gner.fit" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--types", "PER=person", "a.json", "--config", "quickstart.yaml"], "Expected a SOURCE for --types"),
        (["--tokenizer", "t5", "--config", "quickstart.yaml"], "Expected a SOURCE for --tokenizer"),
        (["a.json", "--root", "data"], "Expected no --root with a SOURCE"),
    ],
)
def test_options_of_the_other_use_are_refused(options: list[str], message: str, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main(options)
    assert message in capsys.readouterr().err


def test_neither_source_nor_config_is_refused(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "Expected a SOURCE, or the --config of a run" in capsys.readouterr().err
