"""What was written is compared with what is read."""

from pathlib import Path

import pytest

from gner.data.convert.corpus import Corpus, Split
from gner.data.convert.read_back import check_same
from gner.errors import UserError
from tests.conftest import make_example


def _corpus() -> Corpus:
    texts = ["Ada/B-person slept/O", "in/O New/B-place York/I-place"]
    return [Split("train", "train", [make_example(text, number) for number, text in enumerate(texts)])]


def _check(folder: Path, content: str, types: str = "person\nplace\n") -> None:
    (folder / "label.txt").write_text(types, encoding="utf-8")
    (folder / "train.txt").write_text(content.replace("/", "\t").replace(" ", "\n"), encoding="utf-8")
    check_same(folder, _corpus(), ["train.txt"])


def test_the_same_is_accepted(tmp_path: Path) -> None:
    _check(tmp_path, "Ada/B-person slept/O\n\nin/O New/B-place York/I-place\n")


@pytest.mark.parametrize(
    ("content", "types", "message"),
    [
        ("Ada/B-person slept/O", "person\nplace", "toy.txt:1: expected to read 2 sentences of train"),
        ("Ada/B-person slept/O\n\nit/O", "person\nplace", "toy.txt:1: expected to read the word 'in'"),
        ("Ada/B-place slept/O\n\nin/O", "person\nplace", "toy.txt:0: expected to read the tag 'B-person'"),
        ("Ada/B-person\n\nslept/O", "person\nplace", "the word 'slept' that was written, found 'nothing'"),
        ("Ada/B-person slept/O x/O", "person\nplace", "expected 2 words and 2 types, found more"),
        ("Ada/B-person slept/O", "place\nperson", "the type 'person' that was written, found 'place'"),
        ("Ada slept", "person\nplace", "it cannot be read: "),
    ],
)
def test_a_difference_is_an_error_with_its_place(tmp_path: Path, content: str, types: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        _check(tmp_path, content, types)
    assert message in str(caught.value)
    assert str(caught.value).endswith("Use --to jsonl or hf, which hold any sentence.")
