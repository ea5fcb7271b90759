"""Tiny tokenizers of the kinds that families of models have."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    ByT5Tokenizer,
    LlamaTokenizer,
    MBartTokenizer,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    T5Tokenizer,
)
from transformers.models.mbart.tokenization_mbart import FAIRSEQ_LANGUAGE_CODES


def _byte_bpe(texts: Sequence[str]) -> PreTrainedTokenizerBase:
    """Like GPT-2's and Qwen's: every byte has a token, and no special tokens are added."""
    return PreTrainedTokenizerFast(
        tokenizer_object=_train_byte_bpe(texts, ["<|endoftext|>", "<|im_end|>"]),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
    )


def _byte_bpe_begin(texts: Sequence[str]) -> PreTrainedTokenizerBase:
    """Like Llama-3's and DeepSeek's: with a start token."""
    tokenizer = _train_byte_bpe(texts, ["<|begin|>", "<|end|>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", tokenizer.token_to_id("<|begin|>"))]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<|begin|>", eos_token="<|end|>")


def _bart(texts: Sequence[str]) -> PreTrainedTokenizerBase:
    tokenizer = _train_byte_bpe(texts, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    special = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=special)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )


def _train_byte_bpe(texts: Sequence[str], special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=380, initial_alphabet=alphabet, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _bpe_fallback(texts: Sequence[str]) -> PreTrainedTokenizerBase:
    """Like Llama-2's and Gemma's: pieces with ``▁`` for spaces, and bytes for characters without a piece."""
    special = ["<unk>", "<s>", "</s>", "<pad>"]
    tokens = [*special, *(f"<0x{byte:02X}>" for byte in range(256))]
    trained = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trained.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=120, show_progress=False))
    trained_state = trained.model.__getstate__()
    state = json.loads(trained_state)
    pieces = sorted(state["vocab"], key=state["vocab"].get)
    vocabulary = {token: number for number, token in enumerate([*tokens, *pieces])}
    merges = [tuple(pair) for pair in state["merges"]]
    return LlamaTokenizer(vocab=vocabulary, merges=merges, pad_token="<pad>", legacy=False, add_bos_token=True)


def _train_unigram(texts: Sequence[str], special: list[str]) -> list[tuple[str, float]]:
    trained = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(
        texts, trainers.UnigramTrainer(vocab_size=150, special_tokens=special, unk_token="<unk>", show_progress=False)
    )
    return [(piece, score) for piece, score in json.loads(trained.model.__getstate__())["vocab"]]


def _unigram(texts: Sequence[str]) -> PreTrainedTokenizerBase:
    """Like T5's: no ``{`` or ``<``, and unknown letters become one token."""
    return T5Tokenizer(vocab=_train_unigram(texts, ["<pad>", "</s>", "<unk>"]), extra_ids=0)


def _mbart(texts: Sequence[str]) -> PreTrainedTokenizerBase:
    pieces = _train_unigram(texts, ["<s>", "<pad>", "</s>", "<unk>"])
    more = [(code, 0.0) for code in [*FAIRSEQ_LANGUAGE_CODES, "<mask>"]]
    return MBartTokenizer(vocab=[*pieces, *more], src_lang="en_XX")


def _bytes(texts: Sequence[str]) -> PreTrainedTokenizerBase:
    return ByT5Tokenizer()


TOKENIZERS: dict[str, Callable[[Sequence[str]], PreTrainedTokenizerBase]] = {
    "byte_bpe": _byte_bpe,
    "byte_bpe_begin": _byte_bpe_begin,
    "bpe_fallback": _bpe_fallback,
    "unigram": _unigram,
    "bytes": _bytes,
    "bart": _bart,
    "mbart": _mbart,
}
