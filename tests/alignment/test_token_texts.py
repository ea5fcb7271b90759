"""Tests of what single tokens add to a text."""

import pytest

from gner.alignment.token_texts import TokenTexts
from gner.testing import tiny_model
from tests.conftest import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_what_tokens_add_is_the_text(kind: str) -> None:
    tokenizer = tiny_model(kind).tokenizer
    texts = TokenTexts(tokenizer)
    for text in ("Ada(B-person) wrote(O)", '["Ada", "Bo"]', " , ."):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert "".join(map(texts.of, ids)).strip() == texts.decode(ids).strip() == text.strip()


def test_special_tokens_add_nothing() -> None:
    tokenizer = tiny_model("causal").tokenizer
    assert [TokenTexts(tokenizer).of(token) for token in tokenizer.all_special_ids] == [""] * 3
