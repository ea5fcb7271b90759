import shutil
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from gner.data.collate import Collator
from gner.data.probe import check_tokenizer
from gner.errors import UserError
from gner.models import Backbone
from gner.models.tokenizer import load_tokenizer, train_tokenizer
from gner.prompting import GnerFormat
from gner.records import Example
from tests.models.matrix import make_checkpoint

TOKENIZER = load_tokenizer(train_tokenizer(["John(B-person) sleeps(O) .(O)", "日本 (x)"] * 3, 300, begin_token=False))


@example("<s> a </s>")
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_round_trips(text: str) -> None:
    ids = TOKENIZER(text)["input_ids"]
    assert TOKENIZER.decode(ids, skip_special_tokens=True) == text


def test_a_name_has_the_same_tokens_in_sentence_and_answer() -> None:
    assert TOKENIZER.tokenize("John(O)")[0] in TOKENIZER.tokenize("who is John ?")


@pytest.mark.parametrize("special", ["<pad>", "<s>", "</s>"])
def test_special_tokens_in_training_texts_stay_text(special: str) -> None:
    tokenizer = load_tokenizer(train_tokenizer([f"({special} {special} a"] * 9, 300, begin_token=True))
    ids = tokenizer(f"a {special}", add_special_tokens=False)["input_ids"]
    assert not set(ids) & set(tokenizer.all_special_ids)
    assert tokenizer.decode(ids) == f"a {special}"


def test_a_saved_tokenizer_gives_the_same_tokens(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    for text in ("John explored <s> and </s> <pad>", "日本 (B-x)"):
        assert again(text)["input_ids"] == TOKENIZER(text)["input_ids"]


def test_a_tag_is_never_in_one_token_with_its_word() -> None:
    assert not any("(" in token[1:] for token in TOKENIZER.tokenize("x(B-person) y(O)"))


def test_causal_texts_start_and_seq2seq_texts_end_with_a_special_token() -> None:
    causal = load_tokenizer(train_tokenizer(["a"], 300, begin_token=True))
    assert causal("a")["input_ids"][0] == causal.bos_token_id
    assert TOKENIZER("a")["input_ids"][-1] == TOKENIZER.eos_token_id


def test_a_vocabulary_too_small_for_all_bytes_is_refused() -> None:
    with pytest.raises(UserError, match=r"`vocab_size` >= 259, got 100"):
        train_tokenizer(["a"], 100, begin_token=True)


@pytest.mark.parametrize("name", ["llama", "qwen3", "t5", "byt5", "bart", "mbart", "deepseek_v3"])
def test_special_tokens_in_a_sentence_are_text(name: str, tmp_path: Path) -> None:
    backbone = Backbone(str(make_checkpoint(name, tmp_path / name)))
    tokenizer = backbone.tokenizer
    gner_format = GnerFormat(instruction=None)
    collate = Collator(gner_format, backbone)
    check_tokenizer(gner_format, collate, backbone)
    words = ("Ada", tokenizer.eos_token, "wrote", tokenizer.pad_token, "London")
    [plain] = collate.encode([Example(("Ada",), ("O",), ("person",), "toy", "0")])
    [row] = collate.encode([Example(words, ("O",) * len(words), ("person",), "toy", "0")])
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for with_words, without in ((row.prompt, plain.prompt), (row.answer, plain.answer)):
        assert sum(token in special for token in with_words) == sum(token in special for token in without)
    assert row.answer[-1] == tokenizer.eos_token_id
    tokenizer.save_pretrained(tmp_path / "saved")
    shutil.copy(tmp_path / name / "config.json", tmp_path / "saved")
    saved = Backbone(str(tmp_path / "saved")).tokenizer
    assert saved(words[1])["input_ids"] == tokenizer(words[1])["input_ids"]
