"""Tokenizers that cannot write an answer."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from tokenizers import decoders as decoding
from transformers import PreTrainedTokenizerFast

from gner.cli import main
from gner.errors import UserError
from gner.models import Backbone


def _word_piece(pieces: list[str]) -> PreTrainedTokenizerFast:
    vocabulary = {piece: number for number, piece in enumerate(["[UNK]", "[PAD]", "[SEP]", *pieces])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.decoder = decoding.WordPiece()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")


@pytest.fixture
def with_word_pieces(tmp_path: Path, checkpoints: dict[str, Path]) -> Path:
    """A causal checkpoint with BERT's kind of tokenizer."""
    folder = tmp_path / "word_pieces"
    shutil.copytree(checkpoints["causal"], folder, ignore=shutil.ignore_patterns("tokenizer*"))
    letters = [chr(code) for code in range(33, 127)]
    _word_piece([*letters, *(f"##{letter}" for letter in letters)]).save_pretrained(folder)
    return folder


def test_a_tokenizer_without_an_end_token_is_refused(with_word_pieces: Path) -> None:
    with pytest.raises(UserError, match=r"has none, so a model could not learn where an answer ends.*eos_token"):
        _ = Backbone(str(with_word_pieces)).tokenizer


def test_a_tokenizer_that_loses_the_answer_is_refused_before_weights_are_loaded(
    with_word_pieces: Path, toy_root: Path, tmp_path: Path, capsys: Any
) -> None:
    settings = json.loads((with_word_pieces / "tokenizer_config.json").read_text(encoding="utf-8"))
    settings["eos_token"] = "[SEP]"
    (with_word_pieces / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (with_word_pieces / "model.safetensors").unlink()
    options = ["--data.root", str(toy_root), "--data.train", "[toy]", "--data.val", "[toy]"]
    run = ["--trainer.default_root_dir", str(tmp_path / "run"), "--trainer.accelerator", "cpu"]
    with pytest.raises(SystemExit):
        main("fit", ["--model.backbone", str(with_word_pieces), *options, *run])
    message = capsys.readouterr().err
    assert "makes `Ada ( B - person )" in message
    assert "its tags cannot be read back" in message
