"""Batches of rows get entities, in the libraries that hand out the batches."""

import os
import pickle
from pathlib import Path
from typing import Any

import datasets
import numpy
import pandas
import pyarrow
import pyarrow.parquet
import pytest

from gner import GNER
from gner.errors import UserError
from gner.inference.ray import ENTITIES, EntityBatches

TEXTS = ["nothing to see here", "Ada Lovelace wrote to London .", "", "London calling"] * 4
LABELS = ["person", "place"]


@pytest.fixture
def find(trained: dict[str, Path]) -> EntityBatches:
    """Finds entities with a model that knows its training data by heart."""
    return EntityBatches(str(trained["causal"]), LABELS, decoding="constrained", load={"device": "cpu"})


@pytest.fixture
def expected(trained: dict[str, Path]) -> list[list[tuple[int, int, str]]]:
    model = GNER.from_pretrained(trained["causal"], device="cpu")
    return _spans(model.predict_entities(TEXTS, LABELS, decoding="constrained"))


def _spans(column: Any) -> list[list[tuple[int, int, str]]]:
    return [[(entity["start"], entity["end"], entity["label"]) for entity in entities] for entities in column]


def test_arrays_and_tables_get_the_entities_of_the_model(find: EntityBatches, expected: Any) -> None:
    numbers = numpy.arange(len(TEXTS))
    found = find({"text": numpy.array(TEXTS, dtype=object), "n": numbers})
    assert any(expected)
    assert _spans(found["entities"]) == expected
    assert isinstance(found["entities"], numpy.ndarray)
    assert (found["n"] == numbers).all()
    table = find(pyarrow.table({"text": TEXTS}))
    assert _spans(table["entities"].to_pylist()) == expected
    nothing = find(pyarrow.table({"text": TEXTS[:1]}))
    assert nothing.schema.field("entities").type == ENTITIES  # also where a batch has no entities
    assert find({"text": []})["entities"].shape == (0,)
    same = find({"text": [TEXTS[3]] * 2})["entities"]
    assert same.shape == (2,)  # no matrix, where all texts have as many entities
    assert _spans(same) == [expected[3]] * 2


def test_words_and_nulls_are_texts_too(find: EntityBatches) -> None:
    words = numpy.array(["Ada", "Lovelace", "wrote", "to", "London", "."], dtype=object)
    found = find({"text": [words, None, float("nan"), list(words)]})["entities"]
    assert _spans(found) == [_spans(found)[0], [], [], _spans(found)[0]]
    assert found[0][0]["text"] == "Ada Lovelace"


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"title": ["Ada"]}, "found only title"),
        ({"text": ["Ada"], "entities": [[]]}, "already have a column `entities`"),
        ({"text": [3]}, "found 3"),
        ({"text": [["Ada", None]]}, "lists of words"),
    ],
)
def test_odd_batches_are_refused(batch: dict[str, Any], message: str, find: EntityBatches) -> None:
    with pytest.raises(UserError, match=message):
        find(batch)


def test_pickle_has_no_weights(find: EntityBatches) -> None:
    before = pickle.dumps(find)
    find({"text": TEXTS[:2]})
    assert pickle.dumps(find) == before
    assert len(before) < 2000


@pytest.mark.parametrize("num_proc", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_datasets_map(num_proc: int | None, find: EntityBatches, expected: Any) -> None:
    texts = datasets.Dataset.from_dict({"text": TEXTS}).with_format("arrow")
    labelled = texts.map(find, batched=True, batch_size=1, num_proc=num_proc).with_format(None)
    assert _spans(labelled["entities"]) == expected


def test_map_in_pandas(find: EntityBatches, expected: Any) -> None:
    def in_pandas(frames: Any) -> Any:
        for frame in frames:
            yield find(pyarrow.Table.from_pandas(frame, preserve_index=False)).to_pandas()

    frames = [pandas.DataFrame({"text": TEXTS[start : start + 5]}) for start in range(0, len(TEXTS), 5)]
    assert _spans(pandas.concat(in_pandas(frames))["entities"]) == expected


class DiesOnce(EntityBatches):
    """Its first process ends in the middle of the work."""

    def __call__(self, batch: Any) -> Any:
        mark = Path(os.environ["DIES_ONCE"])
        if not mark.exists() and "London calling" in map(str, batch["text"]):
            mark.touch()
            os._exit(1)
        return super().__call__(batch)


@pytest.mark.slow
@pytest.mark.parametrize("batch_format", ["pyarrow", "numpy"])
def test_ray_loses_and_doubles_nothing_when_a_worker_dies(
    batch_format: str, trained: dict[str, Path], tmp_path: Path, expected: Any, monkeypatch: Any
) -> None:
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    monkeypatch.setenv("DIES_ONCE", str(tmp_path / "died"))
    table = pyarrow.table({"n": range(len(TEXTS)), "text": TEXTS})
    (tmp_path / "in").mkdir()
    for start in range(0, len(TEXTS), 4):
        pyarrow.parquet.write_table(table.slice(start, 4), tmp_path / "in" / f"{start:03}.parquet")
    variables = {
        name: os.environ[name] for name in ("DIES_ONCE", "PYTHONPATH", "OMP_NUM_THREADS") if name in os.environ
    }
    ray.init(num_cpus=2, include_dashboard=False, runtime_env={"env_vars": variables})
    try:
        options = {"labels": LABELS, "decoding": "constrained", "load": {"device": "cpu"}}
        ray.data.read_parquet(str(tmp_path / "in")).map_batches(
            DiesOnce,
            fn_constructor_args=[str(trained["causal"])],
            fn_constructor_kwargs=options,
            batch_format=batch_format,
            batch_size=2,
            concurrency=1,
        ).write_parquet(str(tmp_path / "out"))
    finally:
        ray.shutdown()
    assert (tmp_path / "died").exists()
    rows = pyarrow.parquet.read_table(tmp_path / "out").sort_by("n")
    assert rows["n"].to_pylist() == list(range(len(TEXTS)))
    assert _spans(rows["entities"].to_pylist()) == expected
