"""What a recipe knows of a source."""

from pathlib import Path

import pytest

from gner.data.reading.source import Source
from gner.models import GnerModule
from gner.recipes.measured import Measured, divide, measure


def _file(path: Path, num_sentences: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(["Ada\tB-person\nslept\tO"] * num_sentences) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("number", "split"), [(50, {"dev": 0.2}), (200, {"dev": 0.1, "test": 0.1})])
def test_a_file_is_divided(number: int, split: dict[str, float], tmp_path: Path) -> None:
    source = divide(Source(str(_file(tmp_path / "mine.conll", number))))
    assert source.split == split


def test_splits_that_are_there_stay(tmp_path: Path) -> None:
    for name in ("train", "dev", "test"):
        _file(tmp_path / "all" / f"{name}.conll", 3)
    assert divide(Source(str(tmp_path / "all"))).split is None
    for name in ("train", "test"):
        _file(tmp_path / "some" / f"{name}.conll", 3)
    assert divide(Source(str(tmp_path / "some"))).split == {"dev": 0.1}


@pytest.mark.parametrize("kind", ["seq2seq", "causal"])
def test_tokens_are_those_of_training(kind: str, checkpoints: dict[str, Path], toy_root: Path) -> None:
    measured = measure(Source(str(toy_root / "toy")), GnerModule(str(checkpoints[kind])))
    assert (measured.num_train, measured.num_val, measured.has_test) == (5, 5, True)
    assert set(measured.types) == {"person", "place"}
    assert len(measured.all_sizes) == 10
    assert measured.longest(1.0)[0] == max(prompt for prompt, _ in measured.all_sizes)


def test_a_share_of_the_rows_is_no_longer() -> None:
    measured = Measured(None, False, 10, 0, (), ([[(length, 1)] for length in range(1, 11)], []))
    assert [measured.longest(share)[0] for share in (0.1, 0.5, 1.0)] == [1, 5, 10]
