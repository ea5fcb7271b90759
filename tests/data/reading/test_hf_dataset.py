"""Loading Hugging Face datasets."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest

from gner.data.reading.source import Source
from gner.data.reading.source_reader import SourceReader
from gner.errors import UserError
from tests.data.writers import WRITERS, pairs, tables


def _pairs(reader: SourceReader, part: str) -> list[Any]:
    return [(example.words, example.tags) for example in reader.read(part)]


def test_hub_names_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(path: str, subset: str | None) -> datasets.DatasetDict:
        asked.append((path, subset))
        return tables()

    monkeypatch.setattr(datasets, "load_dataset", load)
    reader = SourceReader(Source("someone/corpus", subset="english"))
    assert asked == [("someone/corpus", "english")]
    assert _pairs(reader, reader.part_for("dev")) == pairs("dev")
    example = reader.read("train")[0]
    assert (example.dataset, example.types) == ("corpus", ("place", "person"))
    assert example.source == "someone/corpus (train), row 1"
    assert reader.detail("train") == "a Hugging Face dataset, words with tags (IOB2)"


def test_tables_may_hold_conversations_and_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = [
        {"from": "human", "value": "Text: Ada slept."},
        {"from": "human", "value": "What describes person in the text?"},
        {"from": "gpt", "value": '["Ada"]'},
    ]
    rows = [
        {"id": "ner_0", "conversations": turns},
        {"text": "Ada slept.", "entities": [{"start": 0, "end": 3, "label": "person"}]},
        {"text": "Ada slept.", "entities": {"start": [0], "end": [3], "label": ["person"]}},
        {"tokens": ["Ada", "slept", "."], "ner_tags": ["B-person", "O", "O"]},
    ]
    for row in rows:
        table = datasets.DatasetDict({"train": datasets.Dataset.from_list([row])})
        monkeypatch.setattr(datasets, "load_dataset", lambda *_, table=table: table)
        assert _pairs(SourceReader(Source("x/y")), "train") == [(("Ada", "slept", "."), ("B-person", "O", "O"))]


def test_classes_without_prefixes_are_types(tmp_path: Path) -> None:
    tags = datasets.Sequence(datasets.ClassLabel(names=["O", "art-film", "person"]))
    features = datasets.Features({"tokens": datasets.Sequence(datasets.Value("string")), "ner_tags": tags})
    row = {"tokens": ["Ada", "King", "in", "Up"], "ner_tags": [2, 2, 0, 1]}
    datasets.Dataset.from_list([row], features=features).to_parquet(tmp_path / "train.parquet")
    reader = SourceReader(Source(str(tmp_path / "train.parquet")))
    [example] = reader.read("train")
    assert example.tags == ("B-person", "I-person", "O", "B-art-film")
    assert example.types == ("art-film", "person")
    assert "tags without prefixes, neighbours of one type joined; converted to IOB2" in reader.detail("train")


def test_tag_numbers_without_names_raise(tmp_path: Path) -> None:
    datasets.Dataset.from_list([{"tokens": ["Ada"], "ner_tags": [1]}]).to_parquet(tmp_path / "train.parquet")
    source = Source(str(tmp_path / "train.parquet"))
    with pytest.raises(UserError, match=r"train.parquet, row 1, word 1: .* Set `tag_names`"):
        SourceReader(source).read("train")
    named = SourceReader(replace(source, tag_names=["O", "B-x"]))
    assert _pairs(named, "train") == [(("Ada",), ("B-x",))]


def test_shards_are_joined_and_columns_can_be_renamed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    table = tables()["train"].rename_columns({"tokens": "form", "ner_tags": "entity"})
    for number in range(2):
        table.shard(2, number, contiguous=True).to_parquet(tmp_path / "data" / f"train-0000{number}-of-00002.parquet")
    (tmp_path / "README.md").write_text("# card")
    reader = SourceReader(Source(str(tmp_path), columns={"words": "form", "tags": "entity"}))
    assert _pairs(reader, "train") == pairs("train")


def test_a_broken_parquet_file_does_not_affect_other_splits(tmp_path: Path) -> None:
    WRITERS["parquet"](tmp_path)
    path = next(tmp_path.glob("validation*"))
    assert _pairs(SourceReader(Source(str(path))), "dev") == pairs("dev")
    path.write_bytes(b"PAR1 and nothing more")
    reader = SourceReader(Source(str(path)))
    with pytest.raises(UserError, match=r"expected a parquet file, but it cannot be read"):
        reader.read(reader.part_for("dev"))
    folder = SourceReader(Source(str(tmp_path)))
    assert _pairs(folder, "train") == pairs("train")
    for other in tmp_path.glob("*.parquet"):
        other.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(UserError, match=r"expected a parquet file, but it cannot be read"):
        SourceReader(Source(str(tmp_path)))


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (RuntimeError("Dataset scripts are no longer supported, but found conll2003.py"), "lhoestq/conll2003"),
        (ValueError("Config name is missing. Please pick one"), "Set `subset`"),
        (ConnectionError("Couldn't reach the Hub"), "Check the name"),
    ],
)
def test_library_errors_become_user_errors(error: Exception, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any) -> None:
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(UserError, match=advice):
        SourceReader(Source("conll2003"))


def test_class_numbers_in_spans_become_names(tmp_path: Path) -> None:
    kind = datasets.ClassLabel(names=["place", "person"])
    span = {"start": datasets.Value("int32"), "end": datasets.Value("int32"), "label": kind}
    listed, columns = [{"start": 0, "end": 3, "label": 1}], {"start": [0], "end": [3], "label": [1]}
    for spans, entities in (([span], listed), (datasets.Sequence(span), columns)):
        row = {"text": "Ada slept", "entities": entities, "label": 0}
        features = datasets.Features(
            {"text": datasets.Value("string"), "entities": spans, "label": datasets.ClassLabel(names=["good", "bad"])}
        )
        table = datasets.Dataset.from_list([row], features=features)
        table.to_parquet(tmp_path / "train.parquet")
        [example] = SourceReader(Source(str(tmp_path / "train.parquet"))).read("train")
        assert (example.tags, example.types) == (("B-person", "O"), ("place", "person"))


@pytest.mark.parametrize("field", ["ner_tags", "labels"])
def test_parts_of_speech_are_not_taken_for_tags(field: str, tmp_path: Path) -> None:
    row = {"tokens": ["Ada", "slept"], "tags": [0, 1], field: [1, 0]}
    names = {"tags": ["NOUN", "VERB"], field: ["O", "B-x"]}
    features = datasets.Features(
        {
            "tokens": datasets.Sequence(datasets.Value("string")),
            **{column: datasets.Sequence(datasets.ClassLabel(names=classes)) for column, classes in names.items()},
        }
    )
    datasets.Dataset.from_list([row], features=features).to_parquet(tmp_path / "train.parquet")
    assert _pairs(SourceReader(Source(str(tmp_path / "train.parquet"))), "train") == [(("Ada", "slept"), ("B-x", "O"))]


def test_hidden_files_of_a_hub_snapshot_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for folder in (".cache/huggingface/download/data", ".git/lfs"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "train-00000-of-00001.parquet").write_bytes(b"metadata")
    tables()["train"].to_parquet(tmp_path / "data" / "train-00000-of-00001.parquet")
    assert _pairs(SourceReader(Source(str(tmp_path))), "train") == pairs("train")


def test_configurations_of_a_copy_are_never_merged(tmp_path: Path) -> None:
    for subset in ("de", "en"):
        (tmp_path / subset).mkdir()
        tables()["train" if subset == "en" else "validation"].to_parquet(tmp_path / subset / "train.parquet")
    with pytest.raises(UserError, match=r"one folder with train, found de, en. Set `subset`"):
        SourceReader(Source(str(tmp_path)))
    assert _pairs(SourceReader(Source(str(tmp_path), subset="en")), "train") == pairs("train")
    with pytest.raises(UserError, match=r"the subset `fr`, but it does not exist"):
        SourceReader(Source(str(tmp_path), subset="fr"))
