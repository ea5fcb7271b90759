"""A tokenizer for a backbone that is trained from nothing."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from gner.errors import UserError

PAD, BEGIN, END = "<pad>", "<s>", "</s>"
_PIECES = Regex(r" ?\((?:O\)|[BI]-)?| ?\p{N}| ?\p{P}| ?[^\s\p{N}\p{P}]+|\s")
"""Brackets, punctuation and digits stand apart from words, so that a name has the same tokens in prompt and answer."""


def train_tokenizer(texts: Iterable[str], vocab_size: int, *, begin_token: bool) -> str:
    """Train byte-level BPE (Sennrich et al., 2016), which can spell any text.

    Args:
        texts: Sentences, prompts and answers alike.
        vocab_size: Tokens in all; at least 259, for the 256 bytes and three special tokens.
        begin_token: Start every text with ``<s>``, as causal models expect, or end it with ``</s>``, as seq2seq
            models do.

    Returns:
        The tokenizer as JSON.

    Raises:
        UserError: The vocabulary has no room for the bytes.
    """
    special = [PAD, BEGIN, END]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if vocab_size < len(alphabet) + len(special):
        raise UserError(
            f"Expected `vocab_size` >= {len(alphabet) + len(special)}, got {vocab_size}. Set model.backbone.vocab_size."
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Prepend(" ")  # the first word of an answer is a word like any other
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(_PIECES, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    frame = f"{BEGIN} $A" if begin_token else f"$A {END}"
    edges = [(token, tokenizer.token_to_id(token)) for token in (BEGIN, END)]
    tokenizer.post_processor = processors.TemplateProcessing(single=frame, special_tokens=edges)
    return tokenizer.to_str()


def load_tokenizer(serialized: str) -> PreTrainedTokenizerFast:
    """Make a Hugging Face tokenizer from what `train_tokenizer` returned."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(serialized), pad_token=PAD, bos_token=BEGIN, eos_token=END
    )
