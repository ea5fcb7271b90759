"""Words as a model can write them."""

from pathlib import Path

import pytest

from gner.alignment.back_tokenize import BackTokenizer
from gner.errors import UserError
from tests.models.tokenizers import TOKENIZERS

TEXTS = ["antropolog", "Ada met Grace in London"] * 3
"""They lack the letter í."""


def test_letters_that_a_vocabulary_lacks_are_left_out() -> None:
    back_tokenize = BackTokenizer(TOKENIZERS["unigram"](TEXTS))
    assert back_tokenize(["London", "antropología"]) == ["London", "antropologa"]


@pytest.mark.parametrize("name", ["byte_bpe", "bpe_fallback", "bytes"])
def test_tokenizers_that_know_every_byte_change_nothing(name: str) -> None:
    words = ["antropología", "東京", "Ada", "👩\u200d🔬", "Ada"]
    assert BackTokenizer(TOKENIZERS[name](TEXTS))(words) == words


def test_the_order_in_which_words_are_learned_does_not_matter() -> None:
    words = ["London", "antropología", "Zürich", "London"]
    one, other = (BackTokenizer(TOKENIZERS["unigram"](TEXTS)) for _ in range(2))
    other.learn(words[::-1])
    assert one(words) == other(words) == [one([word])[0] for word in words]


def test_a_tokenizer_is_loaded_by_its_folder(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    assert BackTokenizer.load(str(checkpoints["causal"]))(["Zürich"]) == ["Zürich"]
    with pytest.raises(UserError, match=r"Expected a tokenizer's name or folder, got .*nothing"):
        BackTokenizer.load(str(tmp_path / "nothing"))
